# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Reads what alloctap wrote, independently of what alloctap thinks it wrote.

A decoder of the protobuf wire format in a page, and on it the two files that
are protobuf: pprof's (google/pprof profile.proto) and our recording (recording.h
and user/profile/recording.proto). Field numbers are those files'.
"""

import gzip
import itertools
from collections import namedtuple

Frame = namedtuple("Frame", "function file line")
Sample = namedtuple("Sample", "frames values labels")  # frames leaf first


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def fields(data):
    """(number, value) of each field: int for varints, bytes for the rest."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        wire = key & 7
        if wire == 0:
            value, at = varint(data, at)
        elif wire == 2:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
            assert len(value) == size, "a field runs past the end"
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
            value, at = data[at:at + size], at + size
        else:
            raise AssertionError(f"wire type {wire}")
        yield key >> 3, value


def message(data):
    """All fields of a message: {number: [value, ...]}."""
    found = {}
    for number, value in fields(data):
        found.setdefault(number, []).append(value)
    return found


def packed(values):
    """A repeated integer, whether packed or not."""
    out = []
    for value in values:
        if isinstance(value, int):
            out.append(value)
            continue
        at = 0
        while at < len(value):
            n, at = varint(value, at)
            out.append(n)
    return out


def one(m, number, default=0):
    return m[number][-1] if number in m else default


class Pprof:
    """A .pb.gz file: sample_types, samples, comments, and the rest as given.

    addresses: of each sample's locations, leaf first."""

    def __init__(self, path):
        with gzip.open(path, "rb") as f:
            m = message(f.read())
        self.strings = [s.decode() for s in m.get(6, [])]
        assert self.strings[0] == ""
        text = self.strings.__getitem__

        def value_type(data):
            t = message(data)
            return text(one(t, 1)), text(one(t, 2))

        self.sample_types = [value_type(d) for d in m.get(1, [])]
        self.period_type = value_type(one(m, 11, b""))
        self.period = one(m, 12)
        self.default_sample_type = text(one(m, 14))
        self.drop_frames = text(one(m, 7))
        self.time_nanos, self.duration_nanos = one(m, 9), one(m, 10)
        self.comments = [text(i) for i in packed(m.get(13, []))]
        self.mapping_files = [text(one(message(d), 5)) for d in m.get(3, [])]
        functions = {}
        for data in m.get(5, []):
            f = message(data)
            functions[one(f, 1)] = text(one(f, 2)), text(one(f, 4))
        locations, places = {}, {}
        for data in m.get(4, []):
            loc = message(data)
            places[one(loc, 1)] = one(loc, 3)
            frames = []
            for entry in loc.get(4, []):
                line = message(entry)
                function, file = functions[one(line, 1)]
                frames.append(Frame(function, file, one(line, 2)))
            locations[one(loc, 1)] = frames or [Frame(f"{one(loc, 3):#x}", "", 0)]
        self.samples, self.addresses = [], []
        for data in m.get(2, []):
            s = message(data)
            self.addresses.append([places[i] for i in packed(s.get(1, []))])
            labels = {}
            for entry in s.get(3, []):
                label = message(entry)
                labels[text(one(label, 1))] = text(one(label, 2)) or one(label, 3)
            frames = [f for i in packed(s.get(1, [])) for f in locations[i]]
            self.samples.append(Sample(frames, packed(s.get(2, [])), labels))

    def total(self, sample_type):
        return sum(self.values(sample_type))

    def values(self, sample_type):
        """One number per sample, in the order of self.samples."""
        index = [name for name, _ in self.sample_types].index(sample_type)
        return [s.values[index] for s in self.samples]

    def total_where(self, sample_type, function):
        """Of the samples with @function anywhere in their stack."""
        return sum(value for s, value in zip(self.samples, self.values(sample_type))
                   if any(f.function == function for f in s.frames))


RecordedSample = namedtuple("RecordedSample",
                            "functions type kind objects bytes requested entries epoch ns")
RecordedGrowth = namedtuple("RecordedGrowth", "functions type how level map count entries")
Cycle = namedtuple("Cycle", "epoch trigger functions gc_percent start end live goal limit sweep_start sweep_end")
Pause = namedtuple("Pause", "start stopping stopped epoch reason gc functions")
Bin = namedtuple("Bin", "number objects bytes")
ALLOC, MAP_INSERT, WB_FLUSH, GC_ASSIST = 0, 1, 3, 4
DOUBLE, SAME_SIZE, OVERFLOW, SPLIT = range(4)
GC_TRIGGERS = ["heap", "time", "forced", "unknown"]


def rows(table, *numbers):
    """A table's columns with these field numbers, as rows; what is left out is zeros."""
    columns = [packed(table.get(n, [])) for n in numbers]
    return itertools.zip_longest(*columns, fillvalue=0)


def zigzag(n):
    return n >> 1 if n & 1 == 0 else -(n >> 1) - 1


class Recording:
    """An .atap file: version; samples and growths with their functions, leaf first; types;
    collections."""

    def __init__(self, path):
        with open(path, "rb") as f:
            data = f.read()
        assert data[:8] == b"ALLOCTAP"
        self.version = int.from_bytes(data[8:12], "little")
        m = message(gzip.decompress(data[16:]))
        strings = one(m, 1, b"").split(b"\0")
        functions, lines, locations, stacks, samples, types, growths = (
            message(one(m, n, b"")) for n in (4, 5, 6, 7, 8, 17, 19))
        names = [strings[i].decode() for i in packed(functions[1])]
        line_names = iter([names[i] for i in packed(lines[1])])
        location_names = [list(itertools.islice(line_names, n)) for n in packed(locations[3])]
        stack_locations = iter(packed(stacks[3]))
        stack_names = [[name for i in itertools.islice(stack_locations, n)
                        for name in location_names[i]] for n in packed(stacks[1])]
        self.types = [strings[i].decode() for i in packed(types.get(1, []))]
        self.samples = [RecordedSample(stack_names[stack], self.types[type], *rest)
                        for stack, type, *rest
                        in rows(samples, 1, 10, 3, 6, 7, 8, 9, 4, 11)]
        self.growths = [RecordedGrowth(stack_names[stack], self.types[type], *rest)
                        for stack, type, *rest in rows(growths, 1, 3, 4, 5, 6, 7, 8)]
        text = [t.decode() for t in strings].__getitem__
        cycles, pauses, bins = (message(one(m, n, b"")) for n in (20, 21, 22))
        self.cycles = [Cycle(epoch, GC_TRIGGERS[trigger], stack_names[stack], zigzag(percent),
                             *rest)
                       for epoch, trigger, stack, percent, *rest
                       in rows(cycles, 1, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13)]
        self.pauses = [Pause(start, stopping, stopped, epoch, text(reason), bool(gc),
                             stack_names[stack])
                       for start, stopping, stopped, epoch, reason, gc, stack
                       in rows(pauses, 1, 2, 3, 5, 6, 7, 8)]
        self.bins = [Bin(*row) for row in rows(bins, 1, 3, 4)]
        self.epochs_folded = one(m, 23)
