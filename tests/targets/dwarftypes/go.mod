module dwarftypes

go 1.18
