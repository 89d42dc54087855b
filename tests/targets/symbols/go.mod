module alloctap.test/symbols

go 1.18
