module gc

go 1.18
