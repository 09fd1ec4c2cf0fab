//! Reading JSON that may be anything: what is of another shape than expected is read as nothing.
//!
//! GitHub adds fields and changes their shapes without notice. Nothing that Docket does not need may keep it from
//! reading the rest, and nothing is held in memory but what it needs.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserializer,
    de::{Deserialize, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use crate::domain::time::Timestamp;

/// Something that can be read from one shape of JSON, and from the others not.
pub(super) trait Shape<'de>: Sized {
    fn text(_: &str) -> Option<Self> {
        None
    }

    fn number(_: u64) -> Option<Self> {
        None
    }

    fn flag(_: bool) -> Option<Self> {
        None
    }

    fn list<A: SeqAccess<'de>>(mut items: A) -> Result<Option<Self>, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn object<A: MapAccess<'de>>(mut fields: A) -> Result<Option<Self>, A::Error> {
        while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

impl Shape<'_> for String {
    fn text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl Shape<'_> for u64 {
    fn number(number: u64) -> Option<Self> {
        Some(number)
    }
}

impl Shape<'_> for bool {
    fn flag(flag: bool) -> Option<Self> {
        Some(flag)
    }
}

/// As GitHub writes it: mostly in words, here and there in seconds.
impl Shape<'_> for Timestamp {
    fn text(text: &str) -> Option<Self> {
        let at = chrono::DateTime::parse_from_rfc3339(text).ok()?;
        Some(Self::from_millis(at.timestamp_millis()))
    }

    fn number(seconds: u64) -> Option<Self> {
        i64::try_from(seconds).ok()?.checked_mul(1_000).map(Self::from_millis)
    }
}

/// A list without those of its items that are of another shape.
impl<'de, T: Shape<'de>> Shape<'de> for Vec<T> {
    fn list<A: SeqAccess<'de>>(mut items: A) -> Result<Option<Self>, A::Error> {
        let mut list = Self::new();
        while let Some(Item(item)) = items.next_element::<Item<T>>()? {
            list.extend(item);
        }
        Ok(Some(list))
    }
}

/// An item of a list.
struct Item<T>(Option<T>);

impl<'de, T: Shape<'de>> Deserialize<'de> for Item<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lenient(deserializer).map(Self)
    }
}

/// Reads a value as `T`, or as nothing.
pub(super) fn lenient<'de, D: Deserializer<'de>, T: Shape<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_any(Reader(PhantomData))
}

struct Reader<T>(PhantomData<T>);

impl<'de, T: Shape<'de>> Visitor<'de> for Reader<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(T::text(text))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(T::number(number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(T::flag(flag))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        T::list(items)
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Self::Value, A::Error> {
        T::object(fields)
    }
}
