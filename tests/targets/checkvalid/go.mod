// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
module checkvalid

go 1.19

require github.com/google/pprof v0.0.0-20240727154555-813a5fbdbec8
