// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Fills hash maps in functions of their own and prints, as JSON, how often each
//! made room: what the recording must say by call site.
use std::collections::{HashMap, HashSet};

struct Books {
    inserts: usize,
    rehashes: usize,
}

#[inline(never)]
fn fill_map(n: u32) -> Books {
    let mut m: HashMap<u32, [u64; 5]> = HashMap::new();
    let mut capacity = m.capacity();
    let mut rehashes = 0;
    for i in 0..n {
        m.insert(i, [u64::from(i); 5]);
        if m.capacity() != capacity {
            capacity = m.capacity();
            rehashes += 1;
        }
    }
    Books { inserts: m.len(), rehashes }
}

#[inline(never)]
fn fill_set(n: u32) -> Books {
    let mut s: HashSet<String> = HashSet::new();
    let mut capacity = s.capacity();
    let mut rehashes = 0;
    for i in 0..n {
        s.insert(i.to_string());
        if s.capacity() != capacity {
            capacity = s.capacity();
            rehashes += 1;
        }
    }
    Books { inserts: s.len(), rehashes }
}

#[inline(never)]
fn fill_with_capacity(n: u32) -> Books {
    let mut m: HashMap<u32, u64> = HashMap::with_capacity(n as usize);
    let capacity = m.capacity();
    for i in 0..n {
        m.insert(i, u64::from(i));
    }
    Books { inserts: m.len(), rehashes: usize::from(m.capacity() != capacity) }
}

fn main() {
    let all = [
        ("fill_map", fill_map(5003)),
        ("fill_set", fill_set(3001)),
        ("fill_with_capacity", fill_with_capacity(4001)),
    ];
    let rows: Vec<String> = all
        .iter()
        .map(|(name, b)| {
            format!("\"{}\": {{\"inserts\": {}, \"rehashes\": {}}}", name, b.inserts, b.rehashes)
        })
        .collect();
    println!("{{{}}}", rows.join(", "));
}
