module native_cgo

go 1.18
