//! The functions that `npm run fuzz` calls with inputs of libFuzzer, over the committed seeds.

#[path = "../../../fuzz/targets.rs"]
mod targets;

use std::path::Path;

type Target = fn(&[u8]);

const TARGETS: [(&str, Target); 10] = [
    ("addresses", targets::addresses),
    ("envelopes", targets::envelopes),
    ("headers", targets::headers),
    ("json", targets::json),
    ("jwt", targets::jwt),
    ("multipart", targets::multipart),
    ("query", targets::query),
    ("request", targets::request),
    ("verification", targets::verification),
    ("xml", targets::xml),
];

fn corpus() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus")
}

#[test]
fn holds_every_promise_for_seeds_whole_cut_off_or_with_a_byte_changed() {
    for (name, target) in TARGETS {
        let seeds: Vec<_> = std::fs::read_dir(corpus().join(name)).expect(name).collect();
        assert!(!seeds.is_empty(), "{name}");
        for seed in seeds {
            let path = seed.expect(name).path();
            let bytes = std::fs::read(&path).expect("a seed");
            target(&bytes);
            for at in 0..bytes.len() {
                target(&bytes[..at]);
                let mut changed = bytes.clone();
                changed[at] ^= 1 << (at % 8);
                target(&changed);
            }
        }
    }
}

#[test]
fn has_a_program_and_seeds_for_every_target() {
    let names: Vec<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    for (folder, suffix) in [("../fuzz_targets", ".rs"), ("", "")] {
        let found = std::fs::read_dir(corpus().join(folder)).expect("a folder");
        let mut found: Vec<_> = found
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
            .map(|name| name.strip_suffix(suffix).unwrap_or(&name).to_owned())
            .collect();
        found.sort();
        assert_eq!(found, names, "{folder}");
    }
}
