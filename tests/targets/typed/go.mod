module example.com/alloctap/typed

go 1.18
