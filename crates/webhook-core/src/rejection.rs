//! Every rejection in one table: variant, status, code and the text the client may read.
//!
//! A rejection is a value, never a panic and never an `Err` of a bug. What only the owner should know is in
//! [`Rejection::reason`], which never becomes part of a text for the client. Which workflow exists and what the database
//! said has no field here at all.

use std::borrow::Cow;
use std::fmt;

use crate::auth::Diagnosis;
use crate::error::ParseError;
use crate::json::quote;
use crate::limits::INFLATION_WASTE;
use crate::reply::Reply;

/// Seconds a sender is asked to wait before it tries again, sent as `Retry-After`.
///
/// Short, as every cause (a full queue, a restart) is over within seconds; senders apply their own back-off on top.
pub const RETRY_AFTER_SECONDS: u32 = 5;

/// A request that isn't accepted, or an event that couldn't be stored or run.
///
/// ```
/// use webhook_core::rejection::Rejection;
/// let reply = Rejection::NotFound.to_reply();
/// assert_eq!(reply.status, 404);
/// assert!(reply.body.starts_with(r#"{"errors":[{"code":"NOT_FOUND""#));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// Unknown key, a workflow that is off, or one of another type: the three look the same.
    NotFound,
    /// The endpoint doesn't accept the method.
    MethodNotAllowed {
        /// Value of the `Allow` header.
        allow: String,
    },
    /// More bytes than the limit, as sent or as inflated.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
        /// Whether the bytes counted are the inflated ones.
        inflated: bool,
    },
    /// More bytes of variables than the limit.
    ContextTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// Missing or wrong credentials; the response doesn't say which.
    Unauthorized {
        /// Whether Basic authentication is configured; the response then asks for it.
        basic: bool,
        /// Which step of an authentication method failed; for the owner, never for the client.
        reason: Option<Box<Diagnosis>>,
    },
    /// The request's address isn't on the IP allowlist, or can't be determined.
    Forbidden,
    /// A URL verification by someone who doesn't know its secret.
    VerificationRejected {
        /// What is wrong with the verification; for the owner, never for the client.
        reason: Box<Diagnosis>,
    },
    /// The body is not what its content type says, or the query has too many parameters.
    Malformed {
        /// What was read: `JSON body`, `form body`, `multipart body`, `text body` or `query`.
        what: &'static str,
        /// What is wrong and where.
        error: ParseError,
    },
    /// The declared charset isn't known, and the body isn't UTF-8.
    Charset {
        /// The charset as declared, at most 40 characters of it.
        charset: String,
    },
    /// The bytes are not what `Content-Encoding` says.
    BadEncoding {
        /// The encoding that could not be undone.
        encoding: &'static str,
    },
    /// A compressed body that is larger by far than what it holds.
    WastefulEncoding {
        /// The encoding.
        encoding: &'static str,
    },
    /// The client closed the connection, or sent another number of bytes than it declared.
    Incomplete,
    /// A content type that is not read.
    UnsupportedType {
        /// The media type as declared (at most 80 characters), `None` where there was none.
        media_type: Option<String>,
    },
    /// A file that is larger than its storage takes.
    FileTooLarge {
        /// Its name, as sent.
        filename: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// A file of a type that its storage doesn't take.
    FileTypeUnsupported {
        /// Its name, as sent.
        filename: String,
    },
    /// A content encoding that is not undone.
    UnsupportedEncoding,
    /// More than one content encoding.
    StackedEncodings,
    /// The endpoint's own configuration cannot be used; the log says why.
    Misconfigured,
    /// The webhook has accepted as many events as its rate limit allows.
    RateLimited {
        /// Seconds until it accepts another one.
        retry_after: u32,
    },
    /// Too many requests from this address failed to authenticate.
    TooManyFailures {
        /// Seconds until the address may try again.
        retry_after: u32,
    },
    /// The queue is full.
    Busy,
    /// The event could not be stored for now.
    NotStored,
    /// The database will never store this event; the log says why.
    Unstorable,
    /// The app is stopping.
    Stopping,
    /// A synchronous workflow did not end in time.
    TimedOut,
    /// A synchronous workflow ended as failed.
    WorkflowFailed,
}

impl Rejection {
    /// Returns the HTTP status.
    pub fn status(&self) -> u16 {
        self.row(|status, _, _| status)
    }

    /// Returns the stable code, upper-case with underscores.
    pub fn code(&self) -> &'static str {
        self.row(|_, code, _| code)
    }

    /// Returns the text the client may read: what was expected and what was found.
    pub fn message(&self) -> String {
        self.row(|_, _, message| message.to_string())
    }

    /// Returns why the request is rejected: for the owner, never for the client.
    pub fn reason(&self) -> Option<&Diagnosis> {
        match self {
            Self::Unauthorized { reason, .. } => reason.as_deref(),
            Self::VerificationRejected { reason } => Some(reason),
            _ => None,
        }
    }

    // The table. Status and code are what users may rely on. The message is formatted only if `take` uses it.
    fn row<T>(&self, take: impl FnOnce(u16, &'static str, fmt::Arguments<'_>) -> T) -> T {
        match self {
            Self::NotFound => take(404, "NOT_FOUND", format_args!("No webhook answers at this address.")),
            Self::MethodNotAllowed { allow } => take(405,
                "METHOD_NOT_ALLOWED",
                format_args!("This webhook takes {allow} requests only."),
            ),
            Self::TooLarge { limit, inflated: false } => {
                take(413, "BODY_TOO_LARGE", format_args!("The body is larger than {limit} bytes."))
            }
            Self::TooLarge { limit, inflated: true } => take(413,
                "BODY_TOO_LARGE",
                format_args!("The decompressed body is larger than {limit} bytes."),
            ),
            Self::ContextTooLarge { limit } => take(413,
                "CONTEXT_TOO_LARGE",
                format_args!("The variables that the workflow gets of this request are larger than {limit} bytes."),
            ),
            Self::Unauthorized { .. } => take(401, "UNAUTHORIZED", format_args!("Credentials are missing or wrong.")),
            Self::Forbidden => take(403, "FORBIDDEN", format_args!("Requests from this address are not accepted.")),
            Self::VerificationRejected { .. } => take(403,
                "VERIFICATION_REJECTED",
                format_args!("The URL verification is rejected: its token or signature is missing or wrong."),
            ),
            Self::Malformed { what, error } => take(400, error.code, format_args!("The {what} is malformed: {error}.")),
            Self::Charset { charset } => take(400,
                "CHARSET_UNKNOWN",
                format_args!("Expected a charset that is known, but found \"{charset}\"."),
            ),
            Self::BadEncoding { encoding } => take(400,
                "ENCODING_INVALID",
                format_args!("Expected a body with the Content-Encoding {encoding}, but its bytes are not that."),
            ),
            Self::WastefulEncoding { encoding } => take(400,
                "ENCODING_WASTEFUL",
                format_args!(
                    "Expected a body that the Content-Encoding {encoding} makes smaller, but found one that is larger than what it holds by more than {INFLATION_WASTE} bytes."
                ),
            ),
            Self::Incomplete => take(400,
                "BODY_INCOMPLETE",
                format_args!("The body has another length than its Content-Length says."),
            ),
            Self::UnsupportedType {
                media_type: Some(found),
            } => take(415,
                "CONTENT_TYPE_UNSUPPORTED",
                format_args!("Expected JSON, a form, XML or text, but found the Content-Type \"{found}\"."),
            ),
            Self::UnsupportedType { media_type: None } => take(415,
                "CONTENT_TYPE_UNSUPPORTED",
                format_args!("Expected a Content-Type (JSON, a form, XML or text), but found none."),
            ),
            Self::FileTooLarge { filename, limit } => take(413,
                "FILE_TOO_LARGE",
                format_args!("The file {} is larger than {limit} bytes.", named(filename)),
            ),
            Self::FileTypeUnsupported { filename } => take(415,
                "FILE_TYPE_UNSUPPORTED",
                format_args!("The file {} is of a type that is not taken.", named(filename)),
            ),
            Self::UnsupportedEncoding => take(415,
                "CONTENT_ENCODING_UNSUPPORTED",
                format_args!("Expected the Content-Encoding gzip, deflate, br or identity."),
            ),
            Self::StackedEncodings => take(415,
                "CONTENT_ENCODINGS_STACKED",
                format_args!("Expected at most one Content-Encoding (gzip, deflate or br), but found several."),
            ),
            Self::Misconfigured => take(500,
                "WEBHOOK_MISCONFIGURED",
                format_args!("The webhook's configuration cannot be used; its owner finds the reason in the log."),
            ),
            Self::RateLimited { .. } => take(429,
                "RATE_LIMITED",
                format_args!("This webhook takes no more requests for the moment; try again later."),
            ),
            Self::TooManyFailures { .. } => take(429,
                "TOO_MANY_FAILURES",
                format_args!("Too many requests from this address failed to authenticate; try again later."),
            ),
            Self::Busy => take(503, "BUSY", format_args!("Too many requests wait already; try again later.")),
            Self::NotStored => take(503,
                "NOT_STORED",
                format_args!("The event could not be stored; try again later."),
            ),
            Self::Unstorable => take(422,
                "UNSTORABLE",
                format_args!(
                    "The database can't store this event: it is too large, nested too deep, or has text that the database rejects. \
                     Sending it again won't help."
                ),
            ),
            Self::Stopping => take(503, "STOPPING", format_args!("The application is stopping; try again later.")),
            Self::TimedOut => take(408, "WORKFLOW_TIMEOUT", format_args!("The workflow did not end in time.")),
            Self::WorkflowFailed => take(500, "WORKFLOW_FAILED", format_args!("The workflow failed.")),
        }
    }

    /// Returns the response to the request, in NocoBase's form `{"errors":[{"code","message"}]}`.
    pub fn to_reply(&self) -> Reply {
        let (status, body) = self.row(|status, code, message| {
            let message = message
                .as_str()
                .map_or_else(|| message.to_string().into(), Cow::Borrowed);
            let (code, message) = (quote(code), quote(&message));
            (
                status,
                format!("{{\"errors\":[{{\"code\":{code},\"message\":{message}}}]}}"),
            )
        });
        let mut headers = vec![("content-type".to_owned(), crate::reply::JSON.to_owned())];
        match self {
            Self::MethodNotAllowed { allow } => headers.push(("allow".to_owned(), allow.clone())),
            // RFC 7617 section 2.1: the charset parameter tells clients how to encode user name and password.
            // RFC 9110 section 15.5.2: a 401 says which scheme is asked for, whatever it is.
            Self::Unauthorized { basic: false, .. } => {
                headers.push(("www-authenticate".to_owned(), "Signature realm=\"webhook\"".to_owned()));
            }
            Self::Unauthorized { basic: true, .. } => headers.push((
                "www-authenticate".to_owned(),
                "Basic realm=\"webhook\", charset=\"UTF-8\"".to_owned(),
            )),
            Self::UnsupportedEncoding | Self::StackedEncodings => {
                // RFC 9110 section 12.5.3: a 415 about encodings lists the ones that are read.
                headers.push(("accept-encoding".to_owned(), "gzip, deflate, br, identity".to_owned()));
            }
            Self::RateLimited { retry_after } | Self::TooManyFailures { retry_after } => {
                headers.push(("retry-after".to_owned(), retry_after.to_string()));
            }
            Self::Busy | Self::NotStored | Self::Stopping => {
                headers.push(("retry-after".to_owned(), RETRY_AFTER_SECONDS.to_string()));
            }
            _ => {}
        }
        Reply { status, headers, body }
    }
}

// The name of a file, shortened for the response.
fn named(filename: &str) -> String {
    format!("{:?}", filename.chars().take(80).collect::<String>())
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.row(|_, _, message| f.write_fmt(message))
    }
}

impl std::error::Error for Rejection {}
