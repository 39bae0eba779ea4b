//! XML bodies as JSON text.
//!
//! The rules, which stay as they are:
//! - The body is an object with the root element's name as its one key.
//! - An element with nothing but text is that text, an empty one `""`.
//! - Any other element is an object: its attributes under `@name`, its child elements under their names, its text, where
//!   there is more than white space, under `#text`. Child elements of one name are a list in their order.
//! - Names keep their prefix (`soap:Body`). All values are strings; white space around a text is dropped, but not within
//!   CDATA.
//! - The five entities of XML and numeric ones are resolved. Nothing else is: a document type declaration with declarations
//!   in it is rejected, and one that names an external subset is skipped without fetching that, so there are no external
//!   entities and none that expand into others.

use std::borrow::Cow;
use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

use hashbrown::hash_table::{Entry, HashTable};
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesRef, Event};
use quick_xml::{Reader, XmlVersion};

use super::charset::Charset;
use super::content_type::is_utf8;
use crate::error::ParseError;
use crate::json::write_string;
use crate::limits::MAX_XML_DEPTH;

const CODE: &str = "XML_SYNTAX";

/// Bytes in which the declaration of a document's encoding has to end.
const MAX_DECLARATION: usize = 256;

/// No node or text.
const NONE: u32 = u32::MAX;

/// Instead of the next node: the node has been written.
const WRITTEN: u32 = NONE - 1;

/// Children of an element whose names are compared one by one; where there are more, they are hashed.
const NARROW: usize = 8;

/// An element or an attribute, in sixteen bytes: the shortest element has four.
struct Node {
    /// Where the name begins in the document.
    name: u32,
    /// The first node behind the element and all that is in it; `0` for an attribute.
    end: u32,
    /// Of [`Tree::texts`].
    text: u32,
    /// The next element of the same name in the same element.
    next: Cell<u32>,
}

/// The document: its elements and attributes in the order in which they begin.
struct Tree<'a> {
    document: &'a str,
    nodes: Vec<Node>,
    /// Where each text begins, and its length.
    texts: Vec<(u32, u32)>,
    /// The texts that aren't in the document as they are; their places begin at its end.
    made: String,
    hasher: RandomState,
}

/// An element whose end hasn't come yet.
struct Open<'a> {
    node: u32,
    text: Cow<'a, str>,
    /// How much of the text is CDATA or precedes it, and so keeps its white space.
    kept: usize,
}

impl<'a> Open<'a> {
    fn append(&mut self, text: Cow<'a, str>) {
        if self.text.is_empty() {
            self.text = text;
        } else {
            self.text.to_mut().push_str(&text);
        }
    }
}

// Nodes and texts are fewer than the bytes of a body, whose length fits into 32 bits.
fn index(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(NONE)
}

/// Appends to a list that has room for at most a quarter more than it needs.
fn push<T>(list: &mut Vec<T>, item: T) {
    if list.len() == list.capacity() {
        list.reserve_exact(list.len() / 4 + 4);
    }
    list.push(item);
}

impl<'a> Tree<'a> {
    fn new(document: &'a str) -> Self {
        Self {
            document,
            nodes: Vec::new(),
            texts: Vec::new(),
            made: String::new(),
            hasher: RandomState::new(),
        }
    }

    /// Adds an element or an attribute whose name begins at a place of the document.
    fn add(&mut self, name: usize) -> u32 {
        let node = Node {
            name: index(name),
            end: 0,
            text: NONE,
            next: Cell::new(NONE),
        };
        push(&mut self.nodes, node);
        index(self.nodes.len() - 1)
    }

    fn name(&self, node: u32) -> &'a str {
        let document = self.document;
        let rest = &document[self.nodes[node as usize].name as usize..];
        let end = rest.bytes().position(|byte| !is_part(byte));
        &rest[..end.unwrap_or(rest.len())]
    }

    fn set_text(&mut self, node: u32, text: &str) {
        if text.is_empty() {
            return;
        }
        let start = self.place(text).unwrap_or_else(|| {
            self.made.push_str(text);
            self.document.len() + self.made.len() - text.len()
        });
        self.nodes[node as usize].text = index(self.texts.len());
        push(&mut self.texts, (index(start), index(text.len())));
    }

    /// Where a text begins in the document, if it is a part of it.
    fn place(&self, text: &str) -> Option<usize> {
        let start = text.as_ptr().addr().checked_sub(self.document.as_ptr().addr());
        start.filter(|start| start + text.len() <= self.document.len())
    }

    fn text(&self, node: u32) -> &str {
        let text = self.nodes[node as usize].text;
        let Some((start, length)) = self.texts.get(text as usize).copied() else {
            return "";
        };
        let (start, length) = (start as usize, length as usize);
        match start.checked_sub(self.document.len()) {
            None => &self.document[start..][..length],
            Some(start) => &self.made[start..][..length],
        }
    }

    /// The attributes of an element.
    fn attributes(&self, element: u32) -> Range<u32> {
        let from = element + 1;
        let behind = self.nodes[from as usize..].iter().position(|node| node.end != 0);
        from..from + index(behind.unwrap_or(self.nodes.len() - from as usize))
    }

    /// The elements from a node to another one, without those within them.
    fn siblings(&self, Range { start, end }: Range<u32>) -> impl Iterator<Item = u32> {
        let some = move |node: u32| (node < end).then_some(node);
        std::iter::successors(some(start), move |node| some(self.nodes[*node as usize].end))
    }

    /// Calls `found` with each node and the last one before of the same name, if there is one.
    fn pair(&self, nodes: impl Iterator<Item = u32>, mut found: impl FnMut(u32, u32)) {
        let mut few = [NONE; NARROW];
        let mut count = 0;
        let mut table = HashTable::new();
        let hash = |node: &u32| self.hasher.hash_one(self.name(*node));
        for node in nodes {
            let name = self.name(node);
            let is_same = |other: &u32| self.name(*other) == name;
            if table.is_empty() {
                if let Some(before) = few[..count].iter_mut().find(|other| is_same(other)) {
                    found(std::mem::replace(before, node), node);
                    continue;
                }
                if let Some(place) = few.get_mut(count) {
                    *place = node;
                    count += 1;
                    continue;
                }
                for node in few {
                    table.insert_unique(hash(&node), node, hash);
                }
            }
            match table.entry(hash(&node), is_same, hash) {
                Entry::Occupied(mut before) => found(std::mem::replace(before.get_mut(), node), node),
                Entry::Vacant(vacant) => {
                    vacant.insert(node);
                }
            }
        }
    }

    fn write(&self, element: u32, out: &mut String) {
        let attributes = self.attributes(element);
        let children = attributes.end..self.nodes[element as usize].end;
        let text = self.text(element);
        if attributes.is_empty() && children.is_empty() {
            return write_string(out, text);
        }
        let next = |node: u32| &self.nodes[node as usize].next;
        self.pair(self.siblings(children.clone()), |before, node| next(before).set(node));
        out.push('{');
        for attribute in attributes {
            self.write_name("\"@", attribute, out);
            write_string(out, self.text(attribute));
            out.push(',');
        }
        for child in self.siblings(children) {
            let mut following = next(child).get();
            if following == WRITTEN {
                continue;
            }
            let is_list = following != NONE;
            self.write_name("\"", child, out);
            out.push_str(if is_list { "[" } else { "" });
            self.write(child, out);
            while following != NONE {
                out.push(',');
                self.write(following, out);
                following = next(following).replace(WRITTEN);
            }
            out.push_str(if is_list { "]," } else { "," });
        }
        if text.is_empty() {
            out.pop();
        } else {
            out.push_str("\"#text\":");
            write_string(out, text);
        }
        out.push('}');
    }

    /// Writes a name, which has no character that JSON escapes.
    fn write_name(&self, before: &str, node: u32, out: &mut String) {
        out.push_str(before);
        out.push_str(self.name(node));
        out.push_str("\":");
    }
}

/// Reads an XML document.
///
/// # Errors
/// `XML_SYNTAX` for what is not well-formed, `XML_DOCTYPE` for a document type declaration with declarations in it,
/// `XML_TOO_DEEP` beyond [`MAX_XML_DEPTH`], `UTF8_INVALID`, and `XML_ENCODING` where the document declares another encoding.
pub fn read(bytes: &[u8]) -> Result<String, ParseError> {
    read_as(bytes, false)
}

/// As [`read`]; with `is_decoded` the bytes are UTF-8 whatever the document declares, as its transport has said or has made it.
///
/// # Errors
/// Those of [`read`].
pub(super) fn read_as(bytes: &[u8], is_decoded: bool) -> Result<String, ParseError> {
    let text = ParseError::check_utf8(bytes)?;
    if let Some((at, character)) = text.char_indices().find(|(_, character)| is_forbidden(*character)) {
        let message = format!("expected characters that XML allows, but found {}", name_of(character));
        return Err(ParseError::at(CODE, message, bytes, at));
    }
    let text = text.trim_start_matches('\u{feff}');
    let bom = bytes.len() - text.len();
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut tree = Tree::new(text);
    let mut open: Vec<Open> = Vec::new();
    loop {
        let start = usize::try_from(reader.buffer_position()).unwrap_or(0);
        let at = bom + start;
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
            Event::Start(element) => {
                if open.is_empty() && !tree.nodes.is_empty() {
                    return fail(CODE, "expected the end of the document, but found another element");
                }
                if open.len() >= MAX_XML_DEPTH {
                    return fail(
                        "XML_TOO_DEEP",
                        &format!("expected at most {MAX_XML_DEPTH} elements in each other"),
                    );
                }
                // The name follows the `<`; what quick-xml gives lives no longer than its event.
                let name = &text[start + 1..][..element.name().as_ref().len()];
                if !is_name(name) {
                    return fail(CODE, "expected the name of an element, but found another text");
                }
                let node = tree.add(start + 1);
                let attributes = &text[start + 1 + name.len()..][..element.attributes_raw().len()];
                add_attributes(&mut tree, node, attributes)
                    .map_err(|(offset, message)| ParseError::at(CODE, message, bytes, at + 1 + name.len() + offset))?;
                open.push(Open {
                    node,
                    text: Cow::Borrowed(""),
                    kept: 0,
                });
            }
            Event::End(_) => {
                let Some(Open { node, text, kept }) = open.pop() else {
                    return fail(CODE, "expected an element to be open");
                };
                tree.set_text(node, &text[..text.trim_end().len().max(kept)]);
                tree.nodes[node as usize].end = index(tree.nodes.len());
            }
            Event::Text(text) => match (open.last_mut(), text.into_inner()) {
                (Some(element), Cow::Borrowed(text)) if element.text.is_empty() => {
                    element.text = Cow::Borrowed(text.trim_start());
                }
                (Some(element), text) => element.append(text),
                (None, text) if text.trim().is_empty() => {}
                (None, _) => return fail(CODE, "expected an element, but found text"),
            },
            Event::CData(text) => match open.last_mut() {
                Some(element) => {
                    element.append(text.into_inner());
                    element.kept = element.text.len();
                }
                None => return fail(CODE, "expected an element, but found CDATA"),
            },
            Event::GeneralRef(reference) => match (open.last_mut(), resolve(&reference)) {
                (Some(element), Ok(resolved)) => element.append(resolved),
                (None, Ok(_)) => return fail(CODE, "expected an element, but found text"),
                (_, Err(message)) => return fail(CODE, &message),
            },
            Event::DocType(declaration) => {
                // What is outside is never fetched; what is declared inside would change the text.
                if declaration.contains('[') {
                    return fail(
                        "XML_DOCTYPE",
                        "expected a document type without declarations in it, but found some",
                    );
                }
                if !tree.nodes.is_empty() {
                    return fail(
                        CODE,
                        "expected a document type before the first element, but found one behind it",
                    );
                }
            }
            Event::Decl(declaration) => {
                if let Some(Ok(encoding)) = declaration.encoding()
                    && !is_decoded
                    && !is_utf8(&encoding)
                {
                    return fail(
                        "XML_ENCODING",
                        "expected an encoding that is known, but the document declares another",
                    );
                }
            }
            Event::Empty(_) | Event::Comment(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    if !open.is_empty() || tree.nodes.is_empty() {
        return Err(ParseError::at(
            CODE,
            "expected an element to end, but found the end of the text",
            bytes,
            bytes.len(),
        ));
    }
    tree.nodes.shrink_to_fit();
    tree.texts.shrink_to_fit();
    let mut json = String::with_capacity(text.len());
    json.push('{');
    tree.write_name("\"", 0, &mut json);
    tree.write(0, &mut json);
    json.push('}');
    Ok(json)
}

/// Returns the charset that the first line of a document declares.
pub(super) fn declared_charset(bytes: &[u8]) -> Option<Charset> {
    let line = bytes.strip_prefix(b"<?xml".as_slice())?;
    let line = &line[..line.len().min(MAX_DECLARATION)];
    let line = std::str::from_utf8(&line[..memchr::memchr(b'>', line)?]).ok()?;
    let value = line.split_once("encoding")?.1.trim_start();
    let value = value.strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    Charset::named(value[1..].split_once(quote)?.0)
}

/// Adds the attributes of an element, given as they are written behind its name. Fails with a place in that text.
fn add_attributes<'a>(tree: &mut Tree<'a>, element: u32, text: &'a str) -> Result<(), (usize, String)> {
    let begin = text.as_ptr().addr() - tree.document.as_ptr().addr();
    // The library looks for duplicates among all attributes before, which takes quadratic time.
    for attribute in Attributes::new(text, 0).with_checks(false) {
        let attribute = attribute.map_err(|error| (0, format!("expected well-formed attributes, but {error}")))?;
        let name: &'a str = attribute.key.into_inner();
        let offset = name.as_ptr().addr() - text.as_ptr().addr();
        if !is_name(name) {
            let message = "expected the name of an attribute, but found another text";
            return Err((offset, message.to_owned()));
        }
        for (at, _) in attribute.value.match_indices('&') {
            let reference = &attribute.value[at + 1..];
            let resolved = match reference.split_once(';') {
                Some((reference, _)) => resolve(reference).map(drop),
                None => Err("expected a reference to end with a semicolon, but found none".to_owned()),
            };
            resolved.map_err(|message| (attribute.value.as_ptr().addr() - text.as_ptr().addr() + at, message))?;
        }
        let value = attribute.normalized_value(XmlVersion::Explicit1_0);
        let value = value.map_err(|error| (offset, format!("expected a well-formed attribute, but {error}")))?;
        let node = tree.add(begin + offset);
        tree.set_text(node, &value);
    }
    let mut repeated = None;
    let attributes = element + 1..index(tree.nodes.len());
    tree.pair(attributes, |_, attribute| repeated = repeated.or(Some(attribute)));
    repeated.map_or(Ok(()), |attribute| {
        let message = "expected one attribute of each name, but found another";
        Err((tree.nodes[attribute as usize].name as usize - begin, message.to_owned()))
    })
}

/// Resolves a reference, given without `&` and `;`.
fn resolve(reference: &str) -> Result<Cow<'static, str>, String> {
    if !reference.starts_with('#') {
        let resolved = resolve_xml_entity(reference).map(Cow::Borrowed);
        return resolved.ok_or_else(|| "expected an entity of XML itself, but found another one".to_owned());
    }
    match BytesRef::new(reference).resolve_char_ref() {
        Ok(Some(character)) if !is_forbidden(character) => Ok(Cow::Owned(character.to_string())),
        Ok(Some(character)) => Err(format!(
            "expected a reference to a character that XML allows, but found {}",
            name_of(character)
        )),
        _ => Err("expected a reference to a character, but found another number".to_owned()),
    }
}

/// Whether XML 1.0 has no place for a character, not even as a reference (section 2.2).
fn is_forbidden(character: char) -> bool {
    matches!(character, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}')
}

fn name_of(character: char) -> String {
    format!("U+{:04X}", u32::from(character))
}

/// Whether a text is a name, as far as ASCII goes.
fn is_name(text: &str) -> bool {
    let is_start = |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b':' | 0x80..);
    text.bytes().next().is_some_and(is_start) && text.bytes().all(is_part)
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'-' | b'.' | 0x80..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_elements_into_keys_by_the_rules_of_this_module() {
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
            (
                "<?xml version='1.0'?>\n<!DOCTYPE cXML SYSTEM \"http://xml.cxml.org/schemas/cXML/1.2.014/cXML.dtd\">\n<a>1</a>",
                r#"{"a":"1"}"#,
            ),
            ("<!DOCTYPE a PUBLIC '-//W3C//DTD XHTML 1.0//EN' 'x.dtd'><a/>", r#"{"a":""}"#),
            ("<a><__proto__>1</__proto__></a>", r#"{"a":{"__proto__":"1"}}"#),
        ] {
            assert_eq!(read(xml.as_bytes()).as_deref(), Ok(json), "{xml}");
        }
    }

    #[test]
    fn rejects_what_is_not_well_formed_with_its_place() {
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
            (
                "<!DOCTYPE a SYSTEM 'x.dtd' [ <!ATTLIST a b CDATA 'c'> ]><a/>",
                "XML_DOCTYPE",
            ),
            ("<!DOCTYPE a []><a/>", "XML_DOCTYPE"),
            ("<a/><!DOCTYPE a>", CODE),
            ("<a><!DOCTYPE a></a>", CODE),
            ("<?xml version='1.0' encoding='gbk'?><a/>", "XML_ENCODING"),
            ("<a><@b/></a>", CODE),
            ("<a><#text>1</#text>2</a>", CODE),
            ("<a \"b='1'/>", CODE),
            ("<a b='&lt'/>", CODE),
            ("&lt;<a/>", CODE),
        ] {
            assert_eq!(read(xml.as_bytes()).map_err(|error| error.code), Err(code), "{xml}");
        }
        assert_eq!(read(b"<a>\xff</a>").unwrap_err().code, "UTF8_INVALID");
        let error = read(b"<a>\n <b>\n</a>").unwrap_err();
        assert_eq!(error.line, 3, "{error}");
    }

    #[test]
    fn rejects_a_character_that_xml_forbids_raw_or_as_a_reference_with_its_place() {
        let forbidden = (0..0x20_u32)
            .filter(|code| ![9, 10, 13].contains(code))
            .chain([0xfffe, 0xffff]);
        for code in forbidden {
            let character = char::from_u32(code).unwrap();
            let raw = [
                format!("<a>{character}</a>"),
                format!("<a b='{character}'/>"),
                format!("<a><![CDATA[{character}]]></a>"),
                format!("<a><!--{character}--></a>"),
                format!("<a><?b {character}?></a>"),
                format!("<a{character}/>"),
                format!("\u{feff}<a/>{character}"),
            ];
            for xml in raw {
                let error = read(xml.as_bytes()).unwrap_err();
                assert_eq!(
                    (error.code, error.offset),
                    (CODE, xml.find(character).unwrap()),
                    "{xml:?}"
                );
                let message = format!("expected characters that XML allows, but found U+{code:04X}");
                assert_eq!(error.message, message);
            }
            for reference in [format!("&#{code};"), format!("&#x{code:x};"), format!("&#000{code};")] {
                for xml in [
                    format!("<a>\n{reference}</a>"),
                    format!("<a b='1' c='&lt;{reference}'/>"),
                ] {
                    let error = read(xml.as_bytes()).unwrap_err();
                    assert_eq!(
                        (error.code, error.offset),
                        (CODE, xml.find(&reference).unwrap()),
                        "{xml:?}"
                    );
                }
            }
        }
        for xml in ["<a>&#xd800;</a>", "<a>&#x110000;</a>", "<a b='&#-1;'/>", "<a>&#;</a>"] {
            assert_eq!(read(xml.as_bytes()).unwrap_err().code, CODE, "{xml}");
        }
        let allowed = "\t\n\u{7f}\u{85}\u{d7ff}\u{e000}\u{fffd}\u{10000}\u{10ffff}";
        let xml = format!("<a>x{allowed}&#9;&#10;&#13;&#127;&#xfffd;.</a>");
        let json = format!(
            "{{\"a\":{}}}",
            crate::json::quote(&format!("x{allowed}\t\n\r\u{7f}\u{fffd}."))
        );
        assert_eq!(read(xml.as_bytes()), Ok(json));
        let in_comment = "<a><!-- &#1; --><![CDATA[&#1;]]></a>";
        assert_eq!(read(in_comment.as_bytes()).unwrap(), r##"{"a":"&#1;"}"##);
    }

    #[test]
    fn collects_elements_of_one_name_in_a_list_wherever_they_are() {
        let xml = "<a b='0'><b>1</b><c><b>2</b></c><b><b/><c/><b>3</b></b><c/>x<b>4</b></a>";
        let json = r##"{"a":{"@b":"0","b":["1",{"b":["","3"],"c":""},"4"],"c":[{"b":"2"},""],"#text":"x"}}"##;
        assert_eq!(read(xml.as_bytes()).as_deref(), Ok(json));
    }

    #[test]
    fn bounds_nesting() {
        let nested = |depth: usize| "<a>".repeat(depth) + &"</a>".repeat(depth);
        assert!(read(nested(MAX_XML_DEPTH).as_bytes()).is_ok());
        assert_eq!(
            read(nested(MAX_XML_DEPTH + 1).as_bytes()).unwrap_err().code,
            "XML_TOO_DEEP"
        );
    }
}
