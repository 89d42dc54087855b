# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Makes garbage once a line comes in, and writes how many collections that took.

GC.disable
puts "ready"
STDOUT.flush
STDIN.gets
before = GC.count
GC.enable
kept = []
50.times do |round|
  20_000.times do |i|
    s = "garbage #{i}"
    kept << s if i % 50 == 0
  end
  kept.clear if round % 20 == 19
  sleep 0.002
end
GC.start
GC.disable
puts GC.count - before
STDOUT.flush
STDIN.gets
