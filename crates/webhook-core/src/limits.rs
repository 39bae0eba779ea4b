//! Every bound of the crate, each a named constant with its unit and its reason.

/// Objects and arrays that may be open at once in a JSON text.
///
/// `JSON.parse` knows no limit, but what reads the value later (a database's JSON column, a recursive walk in a workflow
/// node) does; no sender of webhooks comes near.
pub const MAX_DEPTH: usize = 2000;

/// Segments that the path of a variable may have; the value of a longer one gets the whole path as its key. Places are written
/// by recursion.
pub const MAX_PATH_SEGMENTS: usize = 200;

/// How many times the size of the inflated body a context may have: the body with the rows laid over it, and its text
/// besides (`rawBody`), are some three times. Rows that take the same part over and over would make any number of it.
pub const MAX_CONTEXT_RATIO: usize = 4;

/// Bytes that a context may have whatever the size of the body: that of a small one is mostly headers and query.
pub const CONTEXT_SLACK: usize = 1 << 20;

/// Bytes that any context may have: what a string of V8 has room for.
pub const MAX_CONTEXT: usize = (1 << 29) - 24;

/// Half times the size of the inflated body that all copies of it may have together while its context is written, the context
/// included: four and a half times. They grow ahead by a quarter, so that six times suffice.
pub const MAX_HELD_HALVES: usize = 9;

/// How many times its size a text may have as JSON, besides its quotes: with a line break or a quote for every character, twice. Other control
/// characters take six bytes each.
pub const MAX_QUOTED_RATIO: usize = 2;

/// Steps that may be taken for each byte of a body besides reading it once, such as looking at each row that is below an
/// element. They are about as long as it takes to read two bytes; with rows that a person makes there are one or two.
pub const STEPS_PER_BYTE: usize = 16;

/// Returns the most bytes of the context that a body of this size is turned into.
pub fn context_limit(body: usize) -> usize {
    let limit = body.saturating_mul(MAX_CONTEXT_RATIO).max(CONTEXT_SLACK);
    limit.min(MAX_CONTEXT)
}

/// Returns the most bytes that may be held of a body of this size at once.
pub fn held_limit(body: usize) -> usize {
    body.max(CONTEXT_SLACK / MAX_CONTEXT_RATIO)
        .saturating_mul(MAX_HELD_HALVES)
        / 2
}

/// Returns the most bytes that the texts of a body of this size may have as JSON.
pub fn quoted_limit(body: usize) -> usize {
    body.max(CONTEXT_SLACK / MAX_CONTEXT_RATIO)
        .saturating_mul(MAX_QUOTED_RATIO)
        + 2
}

/// Returns the most steps for a body of this size; as many as for 64 KiB for a smaller one.
pub fn step_limit(body: usize) -> usize {
    body.max(64 * 1024).saturating_mul(STEPS_PER_BYTE)
}

/// Rows that `request.query` and `request.body` may have each: as many as a sample may give paths.
pub const MAX_ROWS: usize = MAX_INFERRED_PATHS;

/// Rows that `request.headers` and `request.params` may have each. Each is looked for in all headers of a request.
pub const MAX_NAMED_ROWS: usize = 100;

/// Values of a body that may be decoded. The body is read once more for each.
pub const MAX_DECODED: usize = 8;

/// Paths that a sample may give in the editor: more can't be looked through by a person, and each is a row of the form.
pub const MAX_INFERRED_PATHS: usize = 2000;

/// Bytes that the paths of a sample may have together: long keys, deeply nested, would otherwise be repeated in each path
/// below them.
pub const MAX_INFERRED_BYTES: usize = 1 << 20;

/// Values of a sample that are looked at for its paths. Each is kept until all are known, in some hundred bytes.
pub const MAX_INFERRED_VALUES: usize = 50_000;

/// Array indexes below this one make an array when variables are put together; from it on, the index is a key of an
/// object, so that `a[4000000000]` in a config doesn't make an array of four billion holes.
pub const MAX_ARRAY_INDEX: u32 = 1000;

/// How many times its size as sent a body may have as inflated, besides [`INFLATION_SLACK`]. JSON seldom compresses to a
/// twentieth; a bomb does to a thousandth, and would turn a small request into work for a large one.
pub const MAX_INFLATION: usize = 100;

/// Bytes that a body may inflate to whatever its size: small ones that repeat themselves compress better than large ones.
pub const INFLATION_SLACK: usize = 64 * 1024;

/// Bytes that a compressed body may have more than has come of them so far: what doesn't compress grows by a thousandth, and
/// each member of gzip takes 18. Without a bound, blocks and members that hold nothing cost work and give nothing to count.
pub const INFLATION_WASTE: usize = 16 * 1024;

/// Bracket groups of a query's or form's name that are split; what is nested deeper stays one key with its brackets.
/// `qs` takes 5 by default, which real forms exceed.
pub const MAX_QUERY_DEPTH: usize = 20;

/// Parameters that a query or a form may have; ten times what `qs` takes by default.
pub const MAX_QUERY_PARAMETERS: usize = 10_000;

/// Elements that a list in a query or a form may have, and the first index that makes an object instead of a list. A list
/// that grows past it becomes an object, as in `qs`, whose default is 20.
pub const MAX_QUERY_ARRAY: u32 = 1000;

/// Characters of a multipart body's boundary, by RFC 2046.
pub const MAX_BOUNDARY: usize = 70;

/// Parts that a multipart body may have; a form that a person fills in has tens.
pub const MAX_PARTS: usize = 1000;

/// Bytes of the headers of one part; browsers send some hundred.
pub const MAX_PART_HEADERS: usize = 8192;

/// Bytes of the name of a part, and of a file: four times what file systems take.
pub const MAX_PART_NAME: usize = 1024;

/// XML elements that may be open at once: what reads the value later walks it level by level. No sender comes near.
pub const MAX_XML_DEPTH: usize = 100;

/// Authentication methods that a webhook may require besides Basic authentication, such as a signature and a token.
pub const MAX_METHODS: usize = 4;

/// Secrets that a scheme may know at once: the one in use, the next one, and one of each that is being retired.
pub const MAX_SECRETS: usize = 4;

/// Seconds that a signed time may be ahead where only old ones are rejected, as by Stripe: a day. Clocks are off by
/// minutes, wrongly set time zones by hours; what comes from next year could be sent again until then.
pub const MAX_AHEAD_SECONDS: u32 = 86_400;

/// Signatures in one header that are looked at; a sender that rotates its secrets sends two or three.
pub const MAX_SIGNATURES: usize = 16;

/// Kinds of signature that a scheme may accept: a hash for each is made of the body for each secret.
pub const MAX_SIGNATURE_FORMS: usize = 4;

/// Places in which a value may be looked for. Each in the body takes walking through it once.
pub const MAX_SOURCES: usize = 4;

/// Placeholders in what is signed; senders sign up to eight values.
pub const MAX_SIGNED_PLACEHOLDERS: usize = 16;

/// Elements of a body that are signed one by one. Senders send one, or a handful.
pub const MAX_SIGNED_ELEMENTS: usize = 32;

/// Bytes of a body up to which it is tried in other forms when its signature doesn't match: more than most events have.
pub const MAX_HINT_BYTES: usize = 64 * 1024;

/// Bytes that are written and signed in search of the form in which the signatures of one request match, for all methods and
/// secrets together: a few milliseconds of work, which unauthenticated clients may cause. It is enough for all sixty forms
/// of a body of 16 KiB and one secret; of larger ones the likely forms are tried.
pub const MAX_HINT_WORK: usize = 2 * 1024 * 1024;

/// Checks with a public key that all authentication methods together make of one request; each costs as much as hashing
/// [`PUBLIC_KEY_CHECK_WORK`] bytes.
pub const MAX_PUBLIC_KEY_CHECKS: usize = 8;

/// Bits of an RSA key. Shorter ones can be broken, longer ones take longer to check than anyone needs.
pub const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

/// Bytes that are hashed in the time that a check with a public key takes.
pub const PUBLIC_KEY_CHECK_WORK: usize = 16 * 1024;

/// Bytes of a JSON Web Token: what Node takes in a request's head by default. One in the body could be as large as that.
pub const MAX_JWT_BYTES: usize = 16 * 1024;

/// Entries of `X-Forwarded-For` that are looked at where trusted proxies are known by their addresses: each is compared with
/// all of these.
pub const MAX_HOPS: usize = 32;

/// Headers of a request that is pasted into the debugger; ten times what senders and proxies add.
pub const MAX_HEAD_HEADERS: usize = 200;

/// Events that a rate limit may accept within its time. More isn't a limit.
pub const MAX_RATE_REQUESTS: u32 = 1_000_000;

/// Seconds of a rate limit: a day. Counts are lost with a restart where they are kept in memory, so that longer ones
/// wouldn't hold.
pub const MAX_RATE_SECONDS: u32 = 86_400;

/// Executions of a webhook that run side by side: more than a pool of connections usually has.
pub const MAX_PARALLEL: u32 = 50;

/// Rules that a URL verification may have: senders verify a URL in one to three ways.
pub const MAX_VERIFICATION_RULES: usize = 4;

/// Conditions that a rule of a URL verification may have.
pub const MAX_VERIFICATION_CONDITIONS: usize = 4;

/// Bytes of the response to a URL verification, its headers included: what it repeats is a challenge, not a document.
pub const MAX_VERIFICATION_REPLY: usize = 4096;

/// Bytes of the text that is signed for a URL verification, before its placeholders are filled.
pub const MAX_COMPUTED_TEXT: usize = 1024;

/// Placeholders in what is signed for a URL verification. With these limits it's quick to see whether an event could be one.
pub const MAX_COMPUTED_PLACEHOLDERS: usize = 8;

/// Texts that are sorted for what is signed for a URL verification; WeCom's and WeChat's are four and three.
pub const MAX_COMPUTED_PARTS: usize = 4;

/// Characters of a value that the sender of a URL verification chooses and that is signed for it.
pub const MAX_COMPUTED_VALUE: usize = 128;
