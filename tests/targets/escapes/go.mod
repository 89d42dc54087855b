module example.com/alloctap/escapes

go 1.18
