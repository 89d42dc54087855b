// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Allocates in the ways Rust programs do, and keeps books of it: between the program and
//! its allocator stands one that counts.
//!
//!	books THREADS ROUNDS
//!
//! Says "ready", waits for a line, works, prints its counts as JSON, waits for another line.
//! From "ready" on nothing allocates but what is counted.
use std::alloc::{alloc, alloc_zeroed, dealloc, realloc, GlobalAlloc, Layout};
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Cursor, Read, Write};
use std::os::unix::io::FromRawFd;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Barrier};

#[cfg(feature = "jemalloc")]
use tikv_jemallocator::Jemalloc as Below;
#[cfg(feature = "mimalloc")]
use mimalloc::MiMalloc as Below;
#[cfg(not(any(feature = "jemalloc", feature = "mimalloc")))]
use std::alloc::System as Below;

struct Books;

#[global_allocator]
static BOOKS: Books = Books;
static ALLOCS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
static FREES: AtomicU64 = AtomicU64::new(0);
static FREED_BYTES: AtomicU64 = AtomicU64::new(0);

fn note_alloc(p: *mut u8, size: usize) -> *mut u8 {
    if !p.is_null() {
        ALLOCS.fetch_add(1, SeqCst);
        BYTES.fetch_add(size as u64, SeqCst);
    }
    p
}

fn note_free(size: usize) {
    FREES.fetch_add(1, SeqCst);
    FREED_BYTES.fetch_add(size as u64, SeqCst);
}

unsafe impl GlobalAlloc for Books {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note_alloc(Below.alloc(layout), layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note_alloc(Below.alloc_zeroed(layout), layout.size())
    }

    unsafe fn dealloc(&self, p: *mut u8, layout: Layout) {
        note_free(layout.size());
        Below.dealloc(p, layout)
    }

    unsafe fn realloc(&self, p: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let now = note_alloc(Below.realloc(p, layout, size), size);
        if !now.is_null() {
            note_free(layout.size());
        }
        now
    }
}

fn next_random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// Every alignment, through the functions that std offers: grown and shrunk on the way.
fn aligned(r: u64) {
    let layout = Layout::from_size_align(1 + (r >> 8 & 8191) as usize, 1 << (r & 15)).unwrap();
    let size = 1 + (r >> 24 & 16383) as usize;
    unsafe {
        let p = if r >> 4 & 1 == 0 { alloc(layout) } else { alloc_zeroed(layout) };
        assert_eq!(p as usize % layout.align(), 0);
        let p = realloc(p, layout, size);
        p.write(1);
        if r >> 5 & 7 != 0 {
            dealloc(p, Layout::from_size_align_unchecked(size, layout.align()));
        }
    }
}

fn work(seed: u64, rounds: u64) {
    let mut state = 88172645463325252 + seed * 7919;
    let mut hashed: HashMap<u64, Box<[u64; 7]>> = HashMap::new();
    let mut ordered: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for _ in 0..rounds {
        let r = next_random(&mut state);
        aligned(next_random(&mut state));
        hashed.insert(r % 4096, Box::new([r; 7]));
        ordered.entry(format!("word {} of many", r % 701)).or_default().push(r);
        if r % 3 == 0 {
            hashed.remove(&(next_random(&mut state) % 4096));
        }
        if r % 100 == 0 {
            let zeroed = vec![0u8; (r >> 32 & 0x7ffff) as usize + 1];
            assert_eq!(unsafe { zeroed.as_ptr().read_volatile() }, 0); // else it is optimized away
            std::mem::forget(zeroed);
            ordered.values_mut().for_each(Vec::shrink_to_fit);
        }
    }
}

fn wait_for_line(input: &mut File) {
    let mut byte = [0];
    while input.read(&mut byte).unwrap() == 1 && byte[0] != b'\n' {}
}

fn main() {
    let arguments: Vec<u64> = std::env::args().skip(1).map(|a| a.parse().unwrap()).collect();
    let (threads, rounds) = (arguments[0], arguments[1]);
    let (mut input, mut output) = unsafe { (File::from_raw_fd(0), File::from_raw_fd(1)) };
    let gate = Arc::new(Barrier::new(threads as usize + 1));
    let all: Vec<_> = (0..threads)
        .map(|seed| {
            let gate = gate.clone();
            std::thread::spawn(move || {
                gate.wait();
                gate.wait();
                work(seed, rounds);
                gate.wait();
                gate.wait();
            })
        })
        .collect();
    gate.wait();
    output.write_all(b"ready\n").unwrap();
    wait_for_line(&mut input);
    let now = || [&ALLOCS, &BYTES, &FREES, &FREED_BYTES].map(|n| n.load(SeqCst));
    let before = now();
    gate.wait();
    gate.wait();
    let after = now();
    let n = |i: usize| after[i] - before[i];
    let mut text = Cursor::new([0u8; 512]);
    writeln!(
        text,
        "{{\"allocs\": {}, \"bytes\": {}, \"frees\": {}, \"freed_bytes\": {}, \"live\": {}, \
         \"live_bytes\": {}}}",
        n(0), n(1), n(2), n(3), n(0) - n(2), n(1) - n(3)
    )
    .unwrap();
    let len = text.position() as usize;
    output.write_all(&text.get_ref()[..len]).unwrap();
    wait_for_line(&mut input);
    gate.wait();
    all.into_iter().for_each(|thread| thread.join().unwrap());
}
