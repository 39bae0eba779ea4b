//! XML bodies as JSON text.
//!
//! The rules, which stay as they are:
//! - The body is an object with the root element's name as its one key.
//! - An element with nothing but text is that text, an empty one `""`.
//! - Any other element is an object: its attributes under `@name`, its child elements under their names, its text, where
//!   there is more than white space, under `#text`. Child elements of one name are a list in their order.
//! - Names keep their prefix (`soap:Body`). All values are strings; white space around a text is dropped, but not within
//!   CDATA.
//! - The five entities of XML and numeric ones are resolved. Nothing else is: a document type declaration is refused, so
//!   there are no external entities and none that expand into others.

use indexmap::IndexMap;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::Reader;

use crate::error::ParseError;
use crate::json::quote;
use crate::limits::MAX_XML_DEPTH;

const CODE: &str = "XML_SYNTAX";

#[derive(Default)]
struct Element {
    members: IndexMap<String, Vec<String>>,
    text: String,
    // How much of the text is CDATA or stands before it, and so is kept as it is.
    kept: usize,
    has_attributes: bool,
    has_children: bool,
}

impl Element {
    fn into_json(self) -> String {
        if !self.has_attributes && !self.has_children {
            return quote(&self.text);
        }
        let mut json = String::from("{");
        let text = (!self.text.is_empty()).then(|| ("#text".to_owned(), vec![quote(&self.text)]));
        for (name, mut values) in self.members.into_iter().chain(text) {
            if json.len() > 1 {
                json.push(',');
            }
            json.push_str(&quote(&name));
            json.push(':');
            if values.len() == 1 {
                json.push_str(&values.remove(0));
            } else {
                json.push('[');
                json.push_str(&values.join(","));
                json.push(']');
            }
        }
        json.push('}');
        json
    }
}

/// Reads an XML document.
///
/// # Errors
/// `XML_SYNTAX` for what is not well-formed, `XML_DOCTYPE` for a document type declaration, `XML_TOO_DEEP` beyond
/// [`MAX_XML_DEPTH`], `UTF8_INVALID`, and `XML_ENCODING` where the document declares another encoding.
pub fn read(bytes: &[u8]) -> Result<String, ParseError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let message = "expected UTF-8, but found a byte that is not";
        ParseError::at("UTF8_INVALID", message, bytes, error.valid_up_to())
    })?;
    let bom = text.len() - text.trim_start_matches('\u{feff}').len();
    let mut reader = Reader::from_str(&text[bom..]);
    reader.config_mut().expand_empty_elements = true;
    let mut open: Vec<(String, Element)> = Vec::new();
    let mut document = None;
    loop {
        let at = bom + usize::try_from(reader.buffer_position()).unwrap_or(0);
        let fail = |code, message: &str| Err(ParseError::at(code, message, bytes, at));
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => {
                let at = bom + usize::try_from(reader.error_position()).unwrap_or(0);
                let message = format!("expected well-formed XML, but {error}");
                return Err(ParseError::at(CODE, message, bytes, at));
            }
        };
        match event {
            Event::Start(start) => {
                if document.is_some() && open.is_empty() {
                    return fail(CODE, "expected the end of the document, but found another element");
                }
                if open.len() >= MAX_XML_DEPTH {
                    return fail(
                        "XML_TOO_DEEP",
                        &format!("expected at most {MAX_XML_DEPTH} elements in each other"),
                    );
                }
                let element = attributes(&start).map_err(|message| ParseError::at(CODE, message, bytes, at))?;
                open.push((start.name().as_ref().to_owned(), element));
            }
            Event::End(_) => {
                let Some((name, mut element)) = open.pop() else {
                    return fail(CODE, "expected an element to be open");
                };
                element.text.truncate(element.text.trim_end().len().max(element.kept));
                let json = element.into_json();
                match open.last_mut() {
                    Some((_, parent)) => {
                        parent.has_children = true;
                        parent.members.entry(name).or_default().push(json);
                    }
                    None => document = Some(format!("{{{}:{json}}}", quote(&name))),
                }
            }
            Event::Text(text) => match open.last_mut() {
                Some((_, element)) if element.text.is_empty() => element.text.push_str(text.trim_start()),
                Some((_, element)) => element.text.push_str(&text),
                None if text.trim().is_empty() => {}
                None => return fail(CODE, "expected an element, but found text"),
            },
            Event::CData(text) => match open.last_mut() {
                Some((_, element)) => {
                    element.text.push_str(&text);
                    element.kept = element.text.len();
                }
                None => return fail(CODE, "expected an element, but found CDATA"),
            },
            Event::GeneralRef(entity) => {
                let resolved = match entity.resolve_char_ref() {
                    Ok(Some(character)) => Some(character.to_string()),
                    Ok(None) => resolve_xml_entity(&entity).map(str::to_owned),
                    Err(_) => None,
                };
                match (open.last_mut(), resolved) {
                    (Some((_, element)), Some(resolved)) => element.text.push_str(&resolved),
                    _ => return fail(CODE, "expected an entity of XML itself, but found another one"),
                }
            }
            Event::DocType(_) => return fail("XML_DOCTYPE", "expected no document type declaration, but found one"),
            Event::Decl(declaration) => {
                let utf8 = |name: &str| {
                    ["utf-8", "utf8", "us-ascii"]
                        .iter()
                        .any(|known| name.eq_ignore_ascii_case(known))
                };
                if let Some(Ok(encoding)) = declaration.encoding() {
                    if !utf8(&encoding) {
                        return fail(
                            "XML_ENCODING",
                            "expected the encoding utf-8, but the document declares another",
                        );
                    }
                }
            }
            Event::Empty(_) | Event::Comment(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    match document {
        Some(document) if open.is_empty() => Ok(document),
        _ => Err(ParseError::at(
            CODE,
            "expected an element to end, but found the end of the text",
            bytes,
            bytes.len(),
        )),
    }
}

fn attributes(start: &BytesStart) -> Result<Element, String> {
    let mut element = Element::default();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| format!("expected well-formed attributes, but {error}"))?;
        let value = attribute
            .normalized_value(quick_xml::XmlVersion::Explicit1_0)
            .map_err(|_| "expected only entities of XML itself in an attribute".to_owned())?;
        element.has_attributes = true;
        let name = format!("@{}", attribute.key.as_ref());
        element.members.entry(name).or_default().push(quote(&value));
    }
    Ok(element)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_become_keys_by_the_rules_of_this_module() {
        for (xml, json) in [
            ("<a/>", r#"{"a":""}"#),
            ("<a>  x &amp; y&#33; </a>", r#"{"a":"x & y!"}"#),
            (
                "<xml><id>1</id><name><![CDATA[ <b> ]]></name></xml>",
                r#"{"xml":{"id":"1","name":" <b> "}}"#,
            ),
            ("<a><b>1</b><c/><b>2</b></a>", r#"{"a":{"b":["1","2"],"c":""}}"#),
            (
                r#"<a id="7" x='&lt;'>t</a>"#,
                r##"{"a":{"@id":"7","@x":"<","#text":"t"}}"##,
            ),
            ("<a>one<b/>two</a>", r##"{"a":{"b":"","#text":"onetwo"}}"##),
            (
                "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- c --><s:E><s:B>1</s:B></s:E>\n",
                r#"{"s:E":{"s:B":"1"}}"#,
            ),
            ("<a><__proto__>1</__proto__></a>", r#"{"a":{"__proto__":"1"}}"#),
        ] {
            assert_eq!(read(xml.as_bytes()).as_deref(), Ok(json), "{xml}");
        }
    }

    #[test]
    fn what_is_not_well_formed_is_refused_with_its_place() {
        for (xml, code) in [
            ("", CODE),
            ("text", CODE),
            ("<a>", CODE),
            ("<a></b>", CODE),
            ("<a/><b/>", CODE),
            ("<a>&nosuch;</a>", CODE),
            ("<a b='1' b='2'/>", CODE),
            ("<a b=1/>", CODE),
            (
                "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>",
                "XML_DOCTYPE",
            ),
            ("<?xml version='1.0' encoding='gbk'?><a/>", "XML_ENCODING"),
        ] {
            assert_eq!(read(xml.as_bytes()).map_err(|error| error.code), Err(code), "{xml}");
        }
        assert_eq!(read(b"<a>\xff</a>").unwrap_err().code, "UTF8_INVALID");
        let error = read(b"<a>\n <b>\n</a>").unwrap_err();
        assert_eq!(error.line, 3, "{error}");
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| "<a>".repeat(depth) + &"</a>".repeat(depth);
        assert!(read(nested(MAX_XML_DEPTH).as_bytes()).is_ok());
        assert_eq!(
            read(nested(MAX_XML_DEPTH + 1).as_bytes()).unwrap_err().code,
            "XML_TOO_DEEP"
        );
    }
}
