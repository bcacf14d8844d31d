"""Made-up rows in the shape of each format, and what is to be read from them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

LPSN_HEADER = (
    "genus_name,sp_epithet,subsp_epithet,reference,status,"
    + "authors,address,risk_grp,nomenclatural_type,record_no,record_lnk"
)
VALID = "VL; sp. nov.; validly published under the ICNP"
LPSN = f"""{LPSN_HEADER}
Abanella,alba,,"Doe J, Roe R. A list. J Made Up 2020; 1:1-2.","{VALID}; correct name","Doe, 2020",https://x/1,1,,11,
Abanella,,,"Doe J. A ""new"" list. J 2020; 1:1-2.",VL; gen. nov.; validly published; correct name,Doe 2020,https://x/2,,,12,
Borivibrio,ruber,,Ref,"{VALID}; synonym, not recommended for medical use",Doe,https://x/3,,,13,12
Caldomona,magna,,Ref,"VL; validly published, inappropriate correction; misspelling",Doe,https://x/4,,,14,
Durella,prima,,Ref,{VALID}; correct name,Doe,https://x/5,,,15,
Durella,,,Ref,VL; gen. nov.; validly published under the ICNP; synonym,Doe,https://x/6,,,16,
Erratum,,,Ref,VL; gen. nov.; illegitimate name,Doe,https://x/7,,,17,
Erratum,bonum,,Ref,{VALID}; correct name,Doe,https://x/8,,,18,
Ferrella,,,Ref,EP; gen. nov.; not validly published; preferred name (not correct name),Doe,https://x/9,,,19,
"""
LPSN_KINDS = {
    "Abanella": "name", "Borivibrio": "name", "Caldomona": "rejected", "Durella": "synonym", "Erratum": "rejected",
    "Ferrella": "rejected",
}  # fmt: skip
LPSN_TABS = """genus_name\tsp_epithet\tsubsp_epithet\treference\tstatus\tauthors
Abanella\talba\t\tDoe J, Roe R. A list; part 1.\tVL; sp. nov.; correct name\tDoe, 2020
Abanella\t\t\tRef\tVL; gen. nov.; correct name\tDoe
Durella\t\t\tRef\tVL; gen. nov.; synonym\tDoe
"""
GTDB = """RS_GCF_1.1\td__Bacteria;p__Alphota;c__Alphia;o__Alphales;f__Alphaceae;g__Abanella;s__Abanella alba
GB_GCA_2.1\td__Bacteria;p__Alphota;c__Alphia;o__Alphales;f__Alphaceae;g__Abanella;s__Abanella ruber
RS_GCF_3.1\td__Bacteria;p__Alphota;c__Alphia;o__Alphales;f__Alphaceae;g__Borivibrio_A;s__Borivibrio_A sp1
RS_GCF_4.1\td__Bacteria;p__Alphota;c__Alphia;o__Alphales;f__UBA77;g__UBA7703;s__UBA7703 sp2
RS_GCF_5.1\td__Bacteria;p__Alphota;c__Alphia;o__Alphales;f__Alphaceae;g__;s__
RS_GCF_6.1\td__Archaea;p__Betota;c__Betia;o__Betales;f__Betaceae;g__Caldomonas;s__Caldomonas sp3
"""
GREENGENES = """4479944\tk__Bacteria; p__Alphota; c__Alphia; o__Alphales; f__Alphaceae; g__Abanella; s__
4479945\tk__Bacteria; p__Alphota; c__Alphia; o__Alphales; f__; g__; s__
4479946\tk__Bacteria; p__Alphota; c__Alphia
4479947\tk__Bacteria; p__Alphota; c__Alphia; o__Alphales; f__Alphaceae; g__Durella; s__alba
"""
NCBI = """13\t|\tAbanella\t|\t\t|\tscientific name\t|
13\t|\tAbanella Doe et al. 1985\t|\t\t|\tauthority\t|
14\t|\tAbanella alba\t|\t\t|\tscientific name\t|
15\t|\tBorivibrio\t|\tBorivibrio <made up>\t|\tscientific name\t|
15\t|\tno scientific name\t|\t\t|\tsynonym\t|
16\t|\tCandidatus Caldella\t|\t\t|\tscientific name\t|
17\t|\tAlphaceae\t|\t\t|\tscientific name\t|
"""
NODES = """13\t|\t17\t|\tgenus\t|\t\t|\t0\t|
14\t|\t13\t|\tspecies\t|\tAA\t|\t0\t|
15\t|\t17\t|\tgenus\t|\t\t|\t0\t|
16\t|\t17\t|\tgenus\t|\t\t|\t0\t|
17\t|\t1\t|\tfamily\t|\t\t|\t0\t|
"""
COLDP = """ID\tparentID\tstatus\trank\tscientificName\tauthorship

k1\t\taccepted\tkingdom\tRegnum\t

g1\tk1\taccepted\tgenus\tAbanella\tDoe, 1831
s1\tg1\taccepted\tspecies\tAbanella alba\tDoe, 1831
g2\tg1\tsynonym\tgenus\tOldella\t"Roe, 1830
g3\tk1\tmisapplied\tgenus\tWrongella\tRoe
g4\tk1\tprovisionally accepted\tGenus\t"Durella"\t
"""
COLDP_PREFIXED = """col:ID,col:rank,col:scientificName
1,genus,Abanella
2,species,Abanella alba
3,genus,"Durella"
"""
BACDIVE = """"BacNothing export, 4 strains"
"made up, all of it"
ID,designation_header,strain_number_header,is_type_strain_header,is_type_strain,species,genus,species_epithet
1,A-1,"DSM 1, LMG 2",1,1,"Abanella alba",Abanella,alba
2,,"DSM 3
DSM 4",1,1,"Abanella ruber",Abanella,ruber
3,"L 40",,1,1,"Borivibrio ruber","Borivibrio",ruber
,,"ATCC 5",,,,,
"""
RDP = """>AB1|S001\tRoot;Bacteria;"Alphota";Alphia;Alphales;Alphaceae;Abanella/Alphota_gp1
ACGTACGT
>AB2|S002\tRoot;Bacteria;WS3;WS3_genera_incertae_sedis
ACGT
>AB3|S003\tRoot;Archaea;"Betota";"Candidatus Caldella"
>AB4|S004\tRoot;Bacteria;"Alphota";Alphota_Gp4;Gp4
>AB5|S005\tRoot;Bacteria;"Alphota";Family VIII;"Borivibrio"
"""
RDP_RANKS = """>S001 a; X\tLineage=Root;rootrank;Bacteria;domain;"Alphota";phylum;Alphaceae;family;Abanella;genus
ACGT
>S002 another\tLineage=Root;rootrank;Bacteria;domain;"Alphota";phylum;Alphaceae;family
>S003 third\tLineage=Root;rootrank;Bacteria;domain;Durella;genus;Durella alba;species
"""
SILVA = """>AB1.1.1400 Bacteria;Alphota;Alphia;Alphales;Alphaceae;Abanella;Abanella alba
ACGU
>AB2.1.1400 Bacteria;Alphota;Alphia;Alphales;Alphaceae;Borivibrio-Durella;uncultured bacterium
>AB3.1.1400 Bacteria;Alphota;Alphia;Alphales;Alphaceae;Durella
"""
TABLE = """code;genus of it;note
1;Abanella;"a; b"
2;"Borivibrio";
3;;nothing
4;Durella
"""
LINES = "# date: 2020-12\nAbanella\n\nSmith, John\nNew York; USA\n"


class Sample(NamedTuple):
    """A text, the format that it is, and the texts of its entries."""

    text: str
    format: str
    entries: list[str]


SAMPLES = {
    "lines": Sample(LINES, "lines", ["Abanella", "Smith, John", "New York; USA"]),
    "lpsn": Sample(LPSN, "lpsn", list(LPSN_KINDS)),
    "lpsn-tabs": Sample(LPSN_TABS, "lpsn", ["Abanella", "Durella"]),
    "gtdb": Sample(GTDB, "gtdb", ["Abanella", "Borivibrio_A", "UBA7703", "g__", "Caldomonas"]),
    "greengenes": Sample(GREENGENES, "gtdb", ["Abanella", "g__", "Durella"]),
    "ncbi": Sample(NCBI, "ncbi", ["Abanella", "Borivibrio", "Candidatus Caldella"]),
    "coldp": Sample(COLDP, "coldp", ["Abanella", "Oldella", "Wrongella", "Durella"]),
    "coldp-prefixed": Sample(COLDP_PREFIXED, "coldp", ["Abanella", "Durella"]),
    "bacdive": Sample(BACDIVE, "bacdive", ["Abanella", "Borivibrio"]),
    "rdp": Sample(
        RDP,
        "fasta",
        ["Abanella", "Alphota_gp1", "WS3_genera_incertae_sedis", "Candidatus Caldella", "Gp4", "Borivibrio"],
    ),
    "rdp-ranks": Sample(RDP_RANKS, "fasta", ["Abanella", "Durella"]),
    "silva": Sample(SILVA, "fasta", ["Abanella", "Borivibrio-Durella", "Durella"]),
}


def place(folder: Path, data: str | bytes, file: str = "names.dmp", nodes: str | bytes = NODES) -> str:
    """A file with this content, and NCBI's nodes beside it."""
    for path, content in ((folder / "nodes.dmp", nodes), (folder / file, data)):
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(folder / file)
