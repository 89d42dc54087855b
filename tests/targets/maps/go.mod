module alloctap.test/maps

go 1.18
