"""Made-up rows in the shape of each format, and what is to be read from them."""

from pathlib import Path
from typing import NamedTuple

import pytest

from bacterio_cli.dataset.readers.formats import read
from bacterio_cli.errors import InputError

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
15\t|\tOldvibrio\t|\t\t|\tsynonym\t|
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
1,genus,"Abanella Doe, 1831"
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
RDP = """>AB1|S001\tRoot;Bacteria;"Alphota";Alphia;Alphales;Alphaceae;Abanella
ACGTACGT
>AB2|S002\tRoot;Bacteria;WS3;WS3_genera_incertae_sedis
ACGT
>AB3|S003\tRoot;Archaea;"Betota";"Candidatus Caldella"
>AB4|S004\tRoot;Bacteria;"Alphota";Alphota_Gp4;Gp4
>AB5|S005\tRoot;Bacteria;"Alphota";Alphidae;Alphales;Alphineae;Alphaceae;"Borivibrio"
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
4;Durella;
"""
LINES = "# date: 2020-12\nAbanella\n\nBéla\nNew York\n"
ABOVE = "d__Bacteria;p__Alphota;c__Alphia;o__Alphales;f__Alphaceae"
PLAIN = "Bacteria;Alphota;Alphia;Alphales;Alphaceae"
# Each once: sources that differ from the others by their columns or by how their lineages are written.
GTDB_METADATA = f"accession\tncbi_taxonomy\tgtdb_taxonomy\nG1\td__Bacteria;g__Wrongella\t{ABOVE};g__Abanella;s__x\n"
GTDB_TK = f'user_genome,classification\n"bin.1","{ABOVE};g__Abanella;s__"\nbin.2,Unclassified Bacteria\n'
QIIME = f"Feature ID\tTaxon\tConfidence\nf1\tUnassigned\t0.9\nf2\t{ABOVE.replace(';', '; ')}; g__Abanella\t0.9\n"
SILVA_132 = "Feature ID\tTaxon\nf1\tD_0__Bacteria;D_1__Alphota;D_4__Alphaceae;D_5__Abanella;D_6__uncultured bacterium\n"
BIOM = f"# Constructed from biom file\n#OTU ID\tS1\ttaxonomy\nOTU1\t5\t{ABOVE}; g__Abanella; s__\n"
METAPHLAN = f"#mpa\n#clade_name\tabundance\nk__Bacteria\t9\n{ABOVE.replace(';', '|')}|g__Abanella|s__Abanella_alba\t8\n"
KAIJU = """percent\treads\ttaxon_id\ttaxon_name
9.1\t6\t12\tcellular organisms;Bacteria;Alphati;Alphota;Alphia;Alphales;Alphaceae;Abanella;\n9\t6\t0\tunclassified\n"""
CAMI = "@Version:0.9\n@@TAXID\tRANK\tTAXPATH\tTAXPATHSN\n3\torder\t1|3\tA|B\n4\tgenus\t1|3|4\tA|B|Abanella\n"
SINGLEM = f"sample\tcoverage\ttaxonomy\nS1\t3.2\tRoot; {ABOVE}; g__Abanella; s__Abanella alba\n"
SEQCODE = """id,name,rank,status,syllabication
1,Abanella,genus,Valid (SeqCode),A.ba.nel.la
2,Abanella alba,species,Valid (SeqCode),al.ba
4,Candidatus Caldella,genus,Automated discovery,
"""
DARWIN_CORE = """"TAXONID","dwc:scientificName","TAXONRANK","taxonomicStatus","nomenclaturalCode"
"1","Abanella (Doe) Roe, 1831","genus","accepted","ICZN"
"2","Oldella ex Roe","Genus","synonym","ICN"
"3","Abanella alba","species","accepted","ICZN"
"""
WORMS = """AphiaID,ScientificName,Authority,Rank,Status,Kingdom,Genus
1,Abanella,"Doe, 1831",Genus,accepted,Bacteria,Abanella
2,Oldella,"Roe, 1902",Genus,unaccepted,Bacteria,Abanella
"""
DATASETS = "Query\tTax name\tRank\tGenus name\n1\tAbanella\tGENUS\tAbanella\n2\tAbanella alba\tSPECIES\tAbanella\n"
BRACKEN = "name\ttaxonomy_id\ttaxonomy_lvl\nAbanella\t13\tG\nAbanella alba\t14\tS\n"
ICTV = "Sort,Realm,Family,Genus,Species\n1,Viria,Dviridae,Abavirus,Abavirus alba\n2,Viria,Dviridae,Borivirus,x y\n"
PHYLOSEQ = """"","Kingdom","Family","Genus","Species"
"ASV1","Bacteria","Alphaceae","Abanella","alba"
"ASV2","Bacteria","Alphaceae",NA,NA
"""
R_TABLE = """"genus" "family"
"1" "Abanella" "Alphaceae"
"2" "Borivibrio" "Betaceae"
"""
EXCEL = "sep=;\nGenus;Family\nAbanella;Alphaceae\n"
MARKDOWN = "| Genus | Family |\n|---|---|\n| Abanella | Alphaceae |\n"
KRAKEN = " 95.0\t9\t9\tD\t2\tBacteria\n 90.0\t9\t9\tF\t6\t  Alphaceae\n 80.0\t8\t8\tG\t13\t    Abanella\n"
SILVA_RANKS = f"Bacteria;\t3\tdomain\t\nEukaryota;A;B;Persica;\t4\tgenus\t\n{PLAIN};Abanella;\t5\tgenus\t\n"
GBIF = "".join(f"{k}\t1\t\\N\t\\N\t{of}\t{{}}" + "\t\\N" * 11 + f"\t{name} X\t{name}\t\\N\n" for k, of, name in (
    (1, "ACCEPTED\tGENUS", "Abanella"), (2, "ACCEPTED\tSPECIES", "Abanella alba"), (3, "SYNONYM\tGENUS", "Oldella"),
))  # fmt: skip
RANKED_LINEAGE = "14\t|\tAbanella alba\t|\t\t|\tAbanella\t|\tAlphaceae" + "\t|\tX" * 6 + "\t|\n"
MOTHUR = f"s1\t{PLAIN.replace(';', '(100);')}(99);Abanella(80);\ns2\tBacteria(100);Alphota(100);\n"
DADA2 = f">Bacteria;Alphota;Alphia;\nAC\n>{PLAIN};Abanella;\nAC\n>Bacteria;Cyanota;Cyania;{3 * 'Chloroplast;'}\n"
SINTAX = ">AB1;tax=d:Bacteria,p:Alphota,c:Alphia,f:Alphaceae,g:Abanella,s:Abanella_alba;\nACGT\n"
LPSN_API = """{"count": 2, "results": [
 {"category": "genus", "full_name": "Abanella", "lpsn_taxonomic_status": "correct name"},
 {"category": "genus", "full_name": "Wrongella", "lpsn_taxonomic_status": "misspelling"},
 {"category": "species", "full_name": "Abanella alba", "lpsn_taxonomic_status": "correct name"}]}"""
BACDIVE_API = """{"results": {"1": {"General": {"BacDive-ID": 1},
 "Name and taxonomic classification": {"genus": "Abanella", "full scientific name": "<I>Abanella</I> Doe"}}}}"""
JSON_LINES = """{"taxonomy": {"rank": "GENUS", "current_scientific_name": {"name": "Abanella"}}}
{"taxonomy": {"rank": "SPECIES", "current_scientific_name": {"name": "Abanella alba"}}}
"""


class Sample(NamedTuple):
    """A text, the format that it is, what it is called, the texts of its entries, and whether these are prokaryotes."""

    text: str
    format: str
    label: str
    entries: list[str]
    prokaryotes: bool | None = None


RDP_GENERA = ["Abanella", "Borivibrio"]
PREFIXED = ["Abanella", "Borivibrio_A", "UBA7703", "Caldomonas"]
LISTED = "column of genera"
LEVELS = "names with their ranks"
SAMPLES = {
    "lines": Sample(LINES, "lines", "plain list", ["Abanella", "Béla", "New York"]),
    "lpsn": Sample(LPSN, "table", "LPSN genus and species rows", list(LPSN_KINDS), True),
    "lpsn-tabs": Sample(LPSN_TABS, "table", "LPSN genus and species rows", ["Abanella", "Durella"], True),
    "lpsn-api": Sample(LPSN_API, "json", "JSON, LPSN records", ["Abanella", "Wrongella"], True),
    "gtdb": Sample(GTDB, "lineages", "lineages", PREFIXED, True),
    "gtdb-metadata": Sample(GTDB_METADATA, "table", "GTDB taxonomy", ["Abanella"], True),
    "gtdb-tk": Sample(GTDB_TK, "table", "table with lineages", ["Abanella"], True),
    "greengenes": Sample(GREENGENES, "lineages", "lineages", ["Abanella", "Durella"], True),
    "qiime": Sample(QIIME, "table", "table with lineages", ["Abanella"], True),
    "silva-132": Sample(SILVA_132, "table", "table with lineages", ["Abanella"], True),
    "biom": Sample(BIOM, "table", "table with lineages", ["Abanella"], True),
    "metaphlan": Sample(METAPHLAN, "table", "table with lineages", ["Abanella"], True),
    "kaiju": Sample(KAIJU, "table", "Kaiju table", ["Abanella", "unclassified"]),
    "cami": Sample(CAMI, "table", "CAMI profile", ["Abanella"]),
    "singlem": Sample(SINGLEM, "table", "table with lineages", ["Abanella"], True),
    "ncbi": Sample(
        NCBI, "table", "NCBI taxonomy names", ["Abanella", "Borivibrio", "Oldvibrio", "Candidatus Caldella"]
    ),
    "ranked-lineage": Sample(RANKED_LINEAGE, "table", LISTED, ["Abanella"]),
    "datasets": Sample(DATASETS, "table", "names with their ranks", ["Abanella"]),
    "datasets-api": Sample(JSON_LINES, "json", "JSON, names with their ranks", ["Abanella"]),
    "seqcode": Sample(SEQCODE, "table", "SeqCode names", ["Abanella", "Candidatus Caldella"], True),
    "coldp": Sample(COLDP, "table", "names with their ranks", ["Abanella", "Oldella", "Wrongella", "Durella"]),
    "coldp-prefixed": Sample(COLDP_PREFIXED, "table", "names with their ranks", ["Abanella", "Durella"]),
    "darwin-core": Sample(DARWIN_CORE, "table", "names with their ranks", ["Abanella", "Oldella"], False),
    "worms": Sample(WORMS, "table", "names with their ranks", ["Abanella", "Oldella"], True),
    "bracken": Sample(BRACKEN, "table", "names with their ranks", ["Abanella"]),
    "ictv": Sample(ICTV, "table", "ICTV virus taxonomy", ["Abavirus", "Borivirus"], False),
    "bacdive": Sample(BACDIVE, "table", "BacDive strains", ["Abanella", "Borivibrio"], True),
    "bacdive-api": Sample(BACDIVE_API, "json", "JSON, column of genera", ["Abanella"]),
    "phyloseq": Sample(PHYLOSEQ, "table", LISTED, ["Abanella"], True),
    "phyloseq-ranks": Sample(
        "Rank1,Rank2,Rank3,Rank4,Rank5,Rank6\nk__A,p__B,c__C,o__D,f__E,g__Abanella\nBacteria,B,C,D,E,Borivibrio\n",
        "table",
        LISTED,
        ["Abanella", "Borivibrio"],
    ),
    "r": Sample(R_TABLE, "table", LISTED, ["Abanella", "Borivibrio"]),
    "excel": Sample(EXCEL, "table", LISTED, ["Abanella"]),
    "markdown": Sample(MARKDOWN, "table", LISTED, ["Abanella"]),
    "kraken": Sample(KRAKEN, "table", LEVELS, ["Abanella"]),
    "silva-ranks": Sample(SILVA_RANKS, "table", LEVELS, ["Persica", "Abanella"]),
    "gbif": Sample(GBIF, "table", LEVELS, ["Abanella", "Oldella"]),
    "mothur": Sample(MOTHUR, "lineages", "lineages", ["Abanella"], True),
    "dada2": Sample(DADA2, "lineages", "FASTA headers with lineages", ["Abanella"], True),
    "sintax": Sample(SINTAX, "lineages", "FASTA headers with lineages", ["Abanella"], True),
    "rdp": Sample(RDP, "lineages", "FASTA headers with lineages", RDP_GENERA, True),
    "rdp-ranks": Sample(RDP_RANKS, "lineages", "FASTA headers with lineages", ["Abanella", "Durella"], True),
    "silva": Sample(
        SILVA, "lineages", "FASTA headers with lineages", ["Abanella", "Borivibrio-Durella", "Durella"], True
    ),
}


def place(folder: Path, data: str | bytes, file: str = "names.dmp", nodes: str | bytes = NODES) -> str:
    """A file with this content, and NCBI's nodes beside it."""
    for path, content in ((folder / "nodes.dmp", nodes), (folder / file, data)):
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(folder / file)


def refusal(path: str, **options: str) -> str:
    """The message of the one-line InputError that reading raises, behind the file's name."""
    with pytest.raises(InputError) as caught:
        read(path, **options)
    message = str(caught.value)
    assert message.startswith(path)
    assert "\n" not in message
    return message.removeprefix(path)


def texts(path: str, **options: str) -> list[str]:
    """The texts of the entries."""
    return [entry.text for entry in read(path, **options).entries]
