//! Which files a storage of NocoBase's file manager takes: the rules that its own uploads follow.

use crate::body::multipart::File;
use crate::rejection::Rejection;

/// What browsers run or follow where they show it. Such a file has to be allowed by its name too, whatever is in it.
const ACTIVE: [&str; 7] = [
    "application/pdf",
    "application/xhtml+xml",
    "application/xml",
    "application/xslt+xml",
    "image/svg+xml",
    "text/html",
    "text/xml",
];

/// The rules of a storage.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rules<'r> {
    /// Most bytes of a file.
    pub size: Option<u64>,
    /// The media types that are taken, with commas in between; `*` matches anything on its side of the slash. Nothing and
    /// `*` alone take all.
    pub types: Option<&'r str>,
}

impl Rules<'_> {
    /// Checks a file.
    ///
    /// # Errors
    /// 413 for a larger one, 415 for one whose type isn't accepted or can't be determined.
    pub fn check(&self, file: &File<'_>) -> Result<(), Rejection> {
        if let Some(limit) = self.size.filter(|limit| file.content.len() as u64 > *limit) {
            return Err(Rejection::FileTooLarge {
                filename: file.filename.clone(),
                limit,
            });
        }
        let types = self.types.unwrap_or_default().trim();
        if matches!(types, "" | "*") {
            return Ok(());
        }
        let takes = |found: &str| types.split(',').any(|pattern| matches(pattern.trim(), found));
        let is_active = by_name(file).is_some_and(|named| ACTIVE.contains(&named) && !takes(named));
        if is_active || !media_type(file).is_some_and(takes) {
            return Err(Rejection::FileTypeUnsupported {
                filename: file.filename.clone(),
            });
        }
        Ok(())
    }
}

/// Returns the media type of a file by its content, else by its name; what its sender declares doesn't count.
pub fn media_type(file: &File<'_>) -> Option<&'static str> {
    infer::get(&file.content)
        .map(|found| found.mime_type())
        .or_else(|| by_name(file))
}

fn by_name(file: &File<'_>) -> Option<&'static str> {
    mime_guess::from_path(&file.filename).first_raw()
}

fn matches(pattern: &str, found: &str) -> bool {
    let (Some((kind, subtype)), Some((found_kind, found_subtype))) = (pattern.split_once('/'), found.split_once('/'))
    else {
        return pattern == "*";
    };
    let side = |pattern: &str, found: &str| pattern == "*" || pattern.eq_ignore_ascii_case(found);
    side(kind, found_kind) && side(subtype, found_subtype)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

    fn check(rules: Rules<'_>, filename: &str, content: &'static [u8]) -> Result<(), u16> {
        let file = File {
            filename: filename.to_owned(),
            mimetype: "image/png".to_owned(),
            content: Cow::Borrowed(content),
        };
        rules.check(&file).map_err(|rejected| rejected.status())
    }

    #[test]
    fn detects_the_type_of_a_file_by_content_then_name_never_by_its_sender() {
        for (types, filename, content, outcome) in [
            ("", "a.html", &b"<p>"[..], Ok(())),
            ("*", "a", b"x", Ok(())),
            ("image/*", "a.bin", PNG, Ok(())),
            ("text/plain, IMAGE/png", "a.png", PNG, Ok(())),
            ("*/*", "a.txt", b"x", Ok(())),
            ("text/*", "a.txt", b"x", Ok(())),
            ("text/*", "a.txt", PNG, Err(415)),
            ("image/*", "a", b"x", Err(415)),
            ("*/*", "a", b"x", Err(415)),
            // Shown by its name it would run scripts.
            ("image/png", "a.html", PNG, Err(415)),
            ("image/png", "a.svg", PNG, Err(415)),
            ("image/*", "a.svg", b"x", Ok(())),
        ] {
            let rules = Rules {
                types: Some(types),
                size: None,
            };
            assert_eq!(check(rules, filename, content), outcome, "{types} {filename}");
        }
    }

    #[test]
    fn rejects_a_file_over_the_limit() {
        let rules = Rules {
            types: None,
            size: Some(3),
        };
        assert_eq!(check(rules, "a", b"123"), Ok(()));
        assert_eq!(check(rules, "a", b"1234"), Err(413));
        assert_eq!(check(Rules::default(), "a", b"1234"), Ok(()));
    }
}
