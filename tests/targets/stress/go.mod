module stress

go 1.18
