//! Lists, page after page: whether one gets on, and how much of it there is.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use object_store::client::HttpRequest;
use percent_encoding::percent_decode_str;

use super::{
    BadResponse,
    list::{Page, UnreadableKey},
};

/// How many pages in a row may have no key that comes after all before.
const MAX_BARREN_PAGES: u32 = 1_000;

/// The most pages of a list.
const MAX_PAGES: u32 = 1_000_000;

/// The most bytes of the pages of a list that a client holds as a whole: that of one folder.
const MAX_FOLDER_BYTES: usize = 512 << 20;

/// How many lists are remembered at a time.
const MAX_LISTS: usize = 256;

/// What a request for a page asks.
#[derive(Debug)]
pub(super) struct ListQuery {
    /// Which page, if not the first.
    token: Option<String>,
    /// Whether it is of one folder.
    is_folder: bool,
    /// Whether the store lists in the order of keys, which directory buckets of S3 do not.
    is_sorted: bool,
}

impl ListQuery {
    /// Of a request; `None` when it asks for something else.
    pub(super) fn of(request: &HttpRequest) -> Option<Self> {
        let uri = request.uri();
        let query = uri.query().filter(|_| request.method().as_str() == "GET")?;
        let find = |name: &str| {
            query.split('&').find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name))
        };
        let is_list =
            find("list-type").is_some() || find("comp").is_some_and(|(_, it)| it == "list");
        let token = find("continuation-token").or_else(|| find("marker"));
        let decode = |text: &str| {
            percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
        };
        is_list.then(|| Self {
            token: token.map(|(_, text)| decode(text)).filter(|text| !text.is_empty()),
            is_folder: find("delimiter").is_some(),
            is_sorted: !uri.to_string().contains("--x-s3"),
        })
    }
}

/// The lists that are under way, by what asks for their next pages.
#[derive(Debug, Default)]
pub(super) struct Pages(Mutex<VecDeque<(String, List)>>);

/// What is known of a list so far.
#[derive(Clone, Debug, Default)]
struct List {
    pages: u32,
    barren: u32,
    bytes: usize,
    greatest: String,
    unreadable: Option<UnreadableKey>,
}

impl Pages {
    /// Adds a page of so many bytes, and gives the first key of the list that cannot be read.
    ///
    /// # Errors
    ///
    /// When the list does not come to its end, or is longer than can be.
    pub(super) fn add(
        &self,
        query: &ListQuery,
        page: &Page,
        bytes: usize,
    ) -> Result<Option<UnreadableKey>, BadResponse> {
        let mut list =
            query.token.as_deref().and_then(|token| self.take(token)).unwrap_or_default();
        let goes_on = page.has_keys && (page.greatest > list.greatest || !query.is_sorted);
        list.pages += 1;
        list.barren = if goes_on { 0 } else { list.barren + 1 };
        list.bytes = list.bytes.saturating_add(bytes);
        if page.greatest > list.greatest {
            list.greatest.clone_from(&page.greatest);
        }
        list.unreadable = list.unreadable.or_else(|| page.unreadable.clone());
        let unreadable = list.unreadable.clone();
        let Some(next) = &page.next else { return Ok(unreadable) };
        let bad = |text: &str| Err(BadResponse(text.to_owned()));
        if query.token.as_ref() == Some(next) {
            return bad("the list of objects has no end: each page says that it is the next one");
        }
        if list.barren > MAX_BARREN_PAGES || list.pages > MAX_PAGES {
            return bad("the list of objects has no end: page after page has nothing new");
        }
        if query.is_folder && list.bytes > MAX_FOLDER_BYTES {
            return bad("there are too many objects under one prefix to be held in memory");
        }
        self.keep(next.clone(), list);
        Ok(unreadable)
    }

    fn take(&self, token: &str) -> Option<List> {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = lists.iter().position(|(known, _)| known == token)?;
        lists.remove(at).map(|(_, list)| list)
    }

    fn keep(&self, token: String, list: List) {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lists.truncate(MAX_LISTS - 1);
        lists.push_front((token, list));
    }
}

#[cfg(test)]
mod tests {
    use object_store::client::{HttpRequest, HttpRequestBody};

    use super::{ListQuery, MAX_BARREN_PAGES, Page, Pages};

    fn query(address: &str) -> Option<ListQuery> {
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.uri_mut() = address.parse().unwrap();
        ListQuery::of(&request)
    }

    /// How many pages are taken, of at most `most`, each of which has the key that `key` gives.
    fn pages(most: u32, host: &str, key: impl Fn(u32) -> String) -> u32 {
        let pages = Pages::default();
        for number in 0..most {
            let token = if number == 0 { String::new() } else { format!("&marker=t%20{number}") };
            let query = query(&format!("http://{host}/b?comp=list{token}")).unwrap();
            let greatest = key(number);
            let page = Page {
                has_keys: !greatest.is_empty(),
                greatest,
                next: Some(format!("t {}", number + 1)),
                ..Page::default()
            };
            if pages.add(&query, &page, 1).is_err() {
                return number;
            }
        }
        most
    }

    #[test]
    fn list_without_new_keys_is_an_error() {
        let most = MAX_BARREN_PAGES * 2;
        assert_eq!(pages(most, "h", |_| String::new()), MAX_BARREN_PAGES);
        assert_eq!(pages(most, "h", |_| "a".to_owned()), MAX_BARREN_PAGES + 1);
        assert_eq!(pages(most, "h", |n| (n % 3).to_string()), MAX_BARREN_PAGES + 3);
        // Some of the pages of a long list may be empty.
        let key = |n: u32| if n.is_multiple_of(500) { format!("{n:09}") } else { String::new() };
        assert_eq!(pages(most, "h", key), most);
        // A directory bucket does not list in order.
        assert_eq!(pages(most, "b--x-s3.h", |n| (n % 7).to_string()), most);
    }

    #[test]
    fn page_that_names_itself_as_next_is_an_error() {
        let query = query("http://h/b?list-type=2&continuation-token=a%2Bb+c").unwrap();
        let page = Page { next: Some("a+b c".to_owned()), ..Page::default() };
        assert!(Pages::default().add(&query, &page, 1).is_err());
    }

    #[test]
    fn listing_of_a_folder_is_bounded_in_bytes() {
        let query = query("http://h/b?delimiter=%2F&list-type=2").unwrap();
        let page = Page { next: Some("n".to_owned()), ..Page::default() };
        assert!(Pages::default().add(&query, &page, 1 << 20).is_ok());
        assert!(Pages::default().add(&query, &page, 1 << 30).is_err());
    }

    #[test]
    fn other_requests_are_not_list_requests() {
        for address in ["http://h/b/k", "http://h/b?uploads=&prefix=x", "http://h/b/k?comp=block"] {
            assert!(query(address).is_none(), "{address}");
        }
    }
}
