// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Vectors that grow, boxes, strings and trees: the same allocations at each run.
use std::collections::{BTreeMap, HashMap};

fn word(n: u32) -> String {
    format!("word number {} of many", n)
}

fn main() {
    let mut hashed: HashMap<u32, Box<[u64; 7]>> = HashMap::new();
    let mut ordered: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    let mut grown: Vec<u32> = Vec::new();
    for i in 0..5000u32 {
        hashed.insert(i, Box::new([u64::from(i); 7]));
        ordered.entry(word(i % 701)).or_default().push(i);
        grown.push(i);
        if i % 1000 == 0 {
            grown.shrink_to_fit();
        }
    }
    let zeroed = vec![0u8; 123_457];
    let sum: u64 = hashed.values().map(|b| b[0]).sum();
    println!("{} {} {} {}", sum, ordered.len(), grown.len(), zeroed.len());
}
