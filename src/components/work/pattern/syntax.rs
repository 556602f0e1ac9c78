//! The dialect: what `regex`, Python and PCRE mean alike. Whatever has no linear-time matcher (back references, looking
//! around) and whatever they read in different ways is refused at its place.

use crate::config::{Refusal, Source};
use std::sync::Arc;

/// A pattern, as a tree.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::components::work) enum Node {
    Empty,
    /// Any character but the end of a line.
    Any,
    Char(char),
    Set(Set),
    /// The start of the text.
    Start,
    /// The end of the text.
    End,
    Concat(Vec<Node>),
    Alternate(Vec<Node>),
    Repeat {
        node: Box<Node>,
        least: u32,
        /// `None`: without end.
        most: Option<u32>,
        lazy: bool,
    },
}

/// Characters: ranges in order, none of which touch.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::components::work) struct Set(pub Vec<(char, char)>);

const SPACE: &[(char, char)] = &[('\t', '\r'), (' ', ' ')];
const DIGIT: &[(char, char)] = &[('0', '9')];
const WORD: &[(char, char)] = &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];

impl Set {
    fn of(mut ranges: Vec<(char, char)>) -> Set {
        ranges.sort_unstable();
        let mut joined: Vec<(char, char)> = vec![];
        for (from, to) in ranges {
            match joined.last_mut() {
                Some(last) if u32::from(from) <= u32::from(last.1) + 1 => last.1 = last.1.max(to),
                _ => joined.push((from, to)),
            }
        }
        Set(joined)
    }

    /// All other characters.
    fn others(&self) -> Set {
        let (mut others, mut next) = (vec![], Some('\0'));
        for &(from, to) in &self.0 {
            if let (Some(start), Some(end)) = (next, before(from))
                && start <= end
            {
                others.push((start, end));
            }
            next = after(to);
        }
        others.extend(next.map(|start| (start, char::MAX)));
        Set(others)
    }

    pub fn has(&self, c: char) -> bool {
        self.0.iter().any(|&(from, to)| from <= c && c <= to)
    }
}

/// The character after this one. Surrogates are none.
pub(in crate::components::work) fn after(c: char) -> Option<char> {
    match c {
        '\u{D7FF}' => Some('\u{E000}'),
        _ => char::from_u32(u32::from(c) + 1),
    }
}

fn before(c: char) -> Option<char> {
    match c {
        '\u{E000}' => Some('\u{D7FF}'),
        _ => u32::from(c).checked_sub(1).and_then(char::from_u32),
    }
}

impl Node {
    /// Whether it may match nothing.
    pub fn may_be_empty(&self) -> bool {
        match self {
            Node::Empty | Node::Start | Node::End => true,
            Node::Any | Node::Char(_) | Node::Set(_) => false,
            Node::Concat(nodes) => nodes.iter().all(Node::may_be_empty),
            Node::Alternate(nodes) => nodes.iter().any(Node::may_be_empty),
            Node::Repeat { node, least, .. } => *least == 0 || node.may_be_empty(),
        }
    }
}

/// Characters of a pattern at most.
const LONGEST: usize = 2000;
/// Groups within groups at most: reading and compiling recurse.
const DEEPEST: usize = 50;
/// Repetitions in braces at most.
const MOST: u32 = 1000;

/// Reads a pattern.
///
/// # Errors
/// The first thing that the dialect does not have, at its place within the pattern.
pub(in crate::components::work) fn read(pattern: &str) -> Result<Node, Refusal> {
    let mut reader = Reader {
        source: Source::new("pattern", pattern),
        chars: pattern.char_indices().collect(),
        at: 0,
        depth: 0,
    };
    if reader.chars.len() > LONGEST {
        let message = format!("a pattern of {} characters", reader.chars.len());
        return Err(reader.wrong(0, &message, format!("{LONGEST} at most")));
    }
    let node = reader.alternate()?;
    match reader.peek() {
        None => Ok(node),
        Some(_) => Err(reader.wrong(reader.at, "\")\" closes nothing", "a bracket itself is \\)")),
    }
}

struct Reader {
    source: Arc<Source>,
    chars: Vec<(usize, char)>,
    at: usize,
    depth: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).map(|(_, c)| *c)
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    fn eat(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        self.at += usize::from(found);
        found
    }

    fn number(&mut self) -> Option<u32> {
        let mut number: Option<u32> = None;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            self.at += 1;
            number = Some(number.unwrap_or(0).saturating_mul(10).saturating_add(digit));
        }
        number
    }

    /// From a character to here.
    fn wrong(&self, from: usize, message: &str, help: impl Into<String>) -> Refusal {
        let offset = |at: usize| self.chars.get(at).map_or(self.source.text.len(), |c| c.0);
        let range = offset(from)..offset(self.at.max(from + 1));
        Refusal::text(&self.source, range, message).help(help)
    }

    fn alternate(&mut self) -> Result<Node, Refusal> {
        let mut nodes = vec![self.concat()?];
        while self.eat('|') {
            nodes.push(self.concat()?);
        }
        Ok(one_or(nodes, Node::Alternate))
    }

    fn concat(&mut self) -> Result<Node, Refusal> {
        let mut nodes = vec![];
        while let Some(c) = self.peek() {
            if c == '|' || c == ')' {
                break;
            }
            let from = self.at;
            let node = self.atom()?;
            nodes.push(self.repeated(node, from)?);
        }
        match nodes.is_empty() {
            true => Ok(Node::Empty),
            false => Ok(one_or(nodes, Node::Concat)),
        }
    }

    fn repeated(&mut self, node: Node, from: usize) -> Result<Node, Refusal> {
        let sign = self.at;
        let (least, most) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => self.braces()?,
            _ => return Ok(node),
        };
        self.at += 1;
        if sign == from + 1 && matches!(node, Node::Start | Node::End) {
            let help = "what is repeated has to be a character, a class or a group";
            return Err(self.wrong(from, "the edge of a text is repeated", help));
        }
        let lazy = self.eat('?');
        if matches!(self.peek(), Some('*' | '+' | '?' | '{')) {
            self.at += 1;
            let help = "put the first in a group: (?:a+)*";
            return Err(self.wrong(sign, "a repetition of a repetition", help));
        }
        Ok(Node::Repeat {
            node: Box::new(node),
            least,
            most,
            lazy,
        })
    }

    /// Stops before the closing brace.
    fn braces(&mut self) -> Result<(u32, Option<u32>), Refusal> {
        let from = self.at;
        self.at += 1;
        let least = self.number();
        let most = match self.eat(',') {
            true => self.number(),
            false => least,
        };
        let help = "{3}, {3,} or {3,5}; a brace itself is \\{";
        let (Some(least), Some('}')) = (least, self.peek()) else {
            return Err(self.wrong(from, "this is no number of times", help));
        };
        if least.max(most.unwrap_or(0)) > MOST {
            let help = format!("{MOST} at most");
            return Err(self.wrong(from, "that many repetitions", help));
        }
        if most.is_some_and(|most| most < least) {
            return Err(self.wrong(from, "the most is less than the least", help));
        }
        Ok((least, most))
    }

    fn atom(&mut self) -> Result<Node, Refusal> {
        let from = self.at;
        Ok(match self.next() {
            Some('.') => Node::Any,
            Some('^') => Node::Start,
            Some('$') => Node::End,
            Some('(') => self.group(from)?,
            Some('[') => Node::Set(self.class(from)?),
            Some('\\') => match self.escape(from)? {
                Escaped::Char(c) => Node::Char(c),
                Escaped::Set(set) => Node::Set(set),
            },
            Some(c @ ('*' | '+' | '?' | '{')) => {
                let help = format!("the character itself is \\{c}");
                return Err(self.wrong(from, "nothing is repeated", help));
            }
            Some(c @ (']' | '}')) => {
                let help = format!("the character itself is \\{c}");
                return Err(self.wrong(from, "this closes nothing", help));
            }
            Some(c) => Node::Char(c),
            None => Node::Empty,
        })
    }

    fn group(&mut self, from: usize) -> Result<Node, Refusal> {
        if self.eat('?') && !self.eat(':') {
            self.at += 1;
            let help = "groups are (...) and (?:...); there is no looking around, and there are no flags and names";
            return Err(self.wrong(from, "this group is not known", help));
        }
        self.depth += 1;
        if self.depth > DEEPEST {
            let help = format!("{DEEPEST} at most");
            return Err(self.wrong(from, "groups within groups", help));
        }
        let node = self.alternate()?;
        self.depth -= 1;
        match self.eat(')') {
            true => Ok(node),
            false => Err(self.wrong(from, "this group is not closed", "close it with )")),
        }
    }

    fn class(&mut self, from: usize) -> Result<Set, Refusal> {
        let others = self.eat('^');
        let mut ranges = vec![];
        loop {
            let item = self.at;
            let first = match self.next() {
                None => {
                    return Err(self.wrong(from, "this class is not closed", "close it with ]"));
                }
                Some(']') if ranges.is_empty() => {
                    let help = "the character itself is \\]";
                    return Err(self.wrong(from, "a class of no characters", help));
                }
                Some(']') => break,
                // Others read these as sets of sets.
                Some(c @ ('[' | '&' | '~' | '-')) if c == '[' || self.peek() == Some(c) => {
                    let help = format!("the character itself is \\{c}");
                    return Err(self.wrong(item, "a class within a class", help));
                }
                Some('\\') => match self.escape(item)? {
                    Escaped::Char(c) => c,
                    Escaped::Set(set) => {
                        ranges.extend(set.0);
                        if self.peek() == Some('-') && self.ahead(1) != Some(']') {
                            let help = "the character itself is \\-";
                            return Err(self.wrong(item, "a range from a class", help));
                        }
                        continue;
                    }
                },
                Some(c) => c,
            };
            let range =
                self.peek() == Some('-') && !matches!(self.ahead(1), Some(']' | '-') | None);
            let last = match range {
                false => first,
                true => {
                    self.at += 1;
                    let to = self.at;
                    match self.next() {
                        Some('\\') => match self.escape(to)? {
                            Escaped::Char(c) => c,
                            Escaped::Set(_) => {
                                let help = "the character itself is \\-";
                                return Err(self.wrong(item, "a range to a class", help));
                            }
                        },
                        Some('[') | None => {
                            return Err(self.wrong(to, "a range to nothing", "such as a-z"));
                        }
                        Some(c) => c,
                    }
                }
            };
            if last < first {
                return Err(self.wrong(item, "the range goes backwards", "such as a-z"));
            }
            ranges.push((first, last));
        }
        let set = Set::of(ranges);
        Ok(if others { set.others() } else { set })
    }

    fn ahead(&self, by: usize) -> Option<char> {
        self.chars.get(self.at + by).map(|(_, c)| *c)
    }

    fn escape(&mut self, from: usize) -> Result<Escaped, Refusal> {
        let set = |ranges: &[(char, char)]| Set(ranges.to_vec());
        Ok(match self.next() {
            Some('s') => Escaped::Set(set(SPACE)),
            Some('d') => Escaped::Set(set(DIGIT)),
            Some('w') => Escaped::Set(set(WORD)),
            Some('S') => Escaped::Set(set(SPACE).others()),
            Some('D') => Escaped::Set(set(DIGIT).others()),
            Some('W') => Escaped::Set(set(WORD).others()),
            Some('n') => Escaped::Char('\n'),
            Some('r') => Escaped::Char('\r'),
            Some('t') => Escaped::Char('\t'),
            Some('1'..='9') => {
                let help = "nothing that refers to a group can be matched in linear time";
                return Err(self.wrong(from, "there are no back references", help));
            }
            Some(c) if c.is_ascii_punctuation() => Escaped::Char(c),
            _ => {
                let help = "known: \\s \\d \\w \\S \\D \\W \\n \\r \\t, and signs such as \\.";
                return Err(self.wrong(from, "this escape is not known", help));
            }
        })
    }
}

enum Escaped {
    Char(char),
    Set(Set),
}

fn one_or(mut nodes: Vec<Node>, many: fn(Vec<Node>) -> Node) -> Node {
    match nodes.len() {
        1 => nodes.swap_remove(0),
        _ => many(nodes),
    }
}
