"""Plain lists: the genera that ship, a few of them, and other names that could be taken for genera."""

from support.processes import ROOT

from bacterio_cli.dataset.corpus import read_corpus

SHIPPED = read_corpus([str(ROOT / "data" / "genera.txt")]).names
GENERA = SHIPPED[::93]
BRITISH_SURNAMES = """
    Abbott Adams Baker Barnes Bennett Brooks Campbell Carter Clarke Collins Cooper Davies Dixon Edwards Ellis Evans
    Fisher Fletcher Foster Gardner Gibson Graham Griffiths Hamilton Harris Harvey Holmes Hughes Jackson Jenkins Johnson
    Kelly Knight Lawson Marshall Mason Mitchell Morgan Murphy Newton Palmer Parker Phillips Reynolds Roberts Robinson
    Russell Saunders Simpson Stevens Thompson Walker Watson Webb Williams
"""
BRITISH_TOWNS = """
    Aberdeen Banbury Bedford Birmingham Blackpool Bolton Bristol Burnley Cambridge Canterbury Cardiff Carlisle
    Chester Coventry Darlington Derby Doncaster Dover Dundee Durham Exeter Gloucester Halifax Hereford Inverness
    Ipswich Lancaster Leicester Lincoln Liverpool Manchester Newport Northampton Norwich Oldham Oxford Perth Plymouth
    Portsmouth Reading Salisbury Sheffield Southampton Stirling Swansea Taunton Torquay Wakefield Winchester
"""
SURNAMES, TOWNS = tuple(BRITISH_SURNAMES.split()), tuple(BRITISH_TOWNS.split())
