"""Readers turn a file into spellings, each with its line and its standing, whatever the format that holds them."""

FORMATS = {
    "json": "objects or lines of objects with known keys",
    "table": "a header of a known kind, a column of ranks, or the fields of an NCBI dump",
    "lineages": "lineages like d__Bacteria;…;g__… in lines, in a column or in headers of FASTA",
    "lines": "one name a line",
}
