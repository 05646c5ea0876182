//! Names by shell patterns, as Python's `fnmatch` reads them.

/// Whether `name` matches `pattern`: `*` is any text, also across `/`; `?` is one character;
/// `[abc]`, `[a-z]` and `[!abc]` are one of a set.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<Token> = tokens(pattern);
    let name: Vec<char> = name.chars().collect();
    // Which places in the pattern can be reached; a star also stays.
    let mut reached = vec![false; pattern.len() + 1];
    mark(&pattern, &mut reached, 0);
    for character in name {
        let mut next = vec![false; pattern.len() + 1];
        for (place, token) in pattern.iter().enumerate() {
            if !reached.get(place).copied().unwrap_or_default() {
                continue;
            }
            match token {
                Token::Star => mark(&pattern, &mut next, place),
                Token::Any => mark(&pattern, &mut next, place + 1),
                Token::One(one) if *one == character => mark(&pattern, &mut next, place + 1),
                Token::Set { not, ranges } => {
                    let within = ranges.iter().any(|(from, to)| (*from..=*to).contains(&character));
                    if within != *not {
                        mark(&pattern, &mut next, place + 1);
                    }
                }
                Token::One(_) => {}
            }
        }
        reached = next;
    }
    reached.last().copied().unwrap_or_default()
}

#[derive(Debug)]
enum Token {
    Star,
    Any,
    One(char),
    Set { not: bool, ranges: Vec<(char, char)> },
}

/// Marks `place`, and what stars let follow it.
fn mark(pattern: &[Token], reached: &mut [bool], place: usize) {
    for (index, mark) in reached.iter_mut().enumerate().skip(place) {
        *mark = true;
        if !matches!(pattern.get(index), Some(Token::Star)) {
            break;
        }
    }
}

fn tokens(pattern: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = pattern.chars();
    while let Some(character) = rest.next() {
        tokens.push(match character {
            '*' => Token::Star,
            '?' => Token::Any,
            '[' => match set(rest.as_str()) {
                Some((token, after)) => {
                    rest = after.chars();
                    token
                }
                None => Token::One('['),
            },
            other => Token::One(other),
        });
    }
    tokens
}

/// The set that follows a `[`, and what comes after its `]`.
fn set(text: &str) -> Option<(Token, &str)> {
    let (not, body) = match text.strip_prefix('!') {
        Some(body) => (true, body),
        None => (false, text),
    };
    // A `]` at the very start is one of the set.
    let first = body.chars().next()?.len_utf8();
    let end = body.get(first..)?.find(']')? + first;
    let (inside, after) = (body.get(..end)?, body.get(end + 1..)?);
    let mut ranges = Vec::new();
    let characters: Vec<char> = inside.chars().collect();
    let mut rest = characters.as_slice();
    while let [from, others @ ..] = rest {
        if let ['-', to, others @ ..] = others {
            ranges.push((*from, *to));
            rest = others;
        } else {
            ranges.push((*from, *from));
            rest = others;
        }
    }
    Some((Token::Set { not, ranges }, after))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_are_those_of_the_shell() {
        for (pattern, name, matched) in [
            ("conv/*", "conv/kernel", true),
            ("conv/*", "conv/a/b", true),
            ("conv/*", "conv2/kernel", false),
            ("*", "", true),
            ("**a*", "bab", true),
            ("fc/kernel", "fc/kernel", true),
            ("fc/kerne?", "fc/kernel", true),
            ("fc/kernel", "fc/kernel2", false),
            ("l[0-9]/*", "l7/k", true),
            ("l[!0-9]/*", "l7/k", false),
            ("l[]x]", "l]", true),
            ("l[", "l[", true),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, name), matched, "{pattern} {name}");
        }
    }

    #[test]
    fn many_stars_take_no_time() {
        assert!(!matches(&"*a".repeat(200), &"a".repeat(199)));
    }
}
