module example.com/alloctap/types.v2

go 1.18
