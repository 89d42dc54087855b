// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Never run: code with much inlined into it, for tests/e2e/test_native_names.py.
use std::collections::HashMap;

#[derive(Clone)]
struct Node {
    name: String,
    values: Vec<u64>,
}

fn build(n: usize) -> HashMap<String, Node> {
    let mut nodes = HashMap::new();
    for i in 0..n {
        let name = format!("k{}", i);
        let values = (0..i as u64).map(|x| x * 2).collect();
        nodes.insert(name.clone(), Node { name, values });
    }
    nodes
}

fn main() {
    let nodes = build(std::env::args().count() * 100);
    let mut sorted: Vec<_> = nodes.values().cloned().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    println!("{}", sorted.iter().map(|n| n.values.len()).sum::<usize>());
}
