"""What customers and agents write about in the made desk: enough words of three languages for search to have something to do."""

from __future__ import annotations

import random

LANGUAGES = ("sv", "fi", "en")
SENTENCES = 20_000

# Each in several of its forms, as people use them.
BASE = {
    "sv": """faktura fakturan fakturor fakturorna beställning beställningen beställningar leverans leveransen leveranser
        paket paketet paketen konto kontot konton lösenord lösenordet betalning betalningen betalningar abonnemang abonnemanget
        avtal avtalet avtalen router routern mobil mobilen telefon telefonen telefoner adress adressen adresser kvitto kvittot
        reklamation reklamationen retur returen returer återbetalning återbetalningen pris priset priser rabatt rabatten
        kund kunden kunder ärende ärendet ärenden svar svaret hjälp fel felet felen problem problemet avbrott avbrottet
        installation installationen tekniker teknikern besök besöket tid tiden tider månad månaden månader vecka veckan dag dagen
        och att det som en på är av för med till den har inte om ett jag vi ni kan men så nu igen redan fortfarande tack hej
        undrar väntar saknas fungerar beställde betalade skickade fick ringde behöver vill ändra avsluta byta skicka hämta
        dubbelt gammal ny fel rätt trasig försenad snabbt gärna idag igår imorgon lampa lampan blinkar kabel kabeln box boxen""",
    "fi": """lasku laskun laskut laskujen laskussa laskusta tilaus tilauksen tilaukset tilauksia toimitus toimituksen toimitukset
        paketti paketin paketit tili tilin tilit salasana salasanan maksu maksun maksut sopimus sopimuksen sopimukset liittymä
        liittymän reititin reitittimen puhelin puhelimen puhelimet osoite osoitteen osoitteet kuitti kuitin valitus valituksen
        palautus palautuksen hyvitys hyvityksen hinta hinnan hinnat alennus alennuksen asiakas asiakkaan asiakkaat asia asian
        asiat vastaus vastauksen apu apua vika vian viat ongelma ongelman ongelmia katkos katkoksen asennus asennuksen asentaja
        asentajan käynti käynnin aika ajan ajat kuukausi kuukauden viikko viikon päivä päivän
        ja on ei se että hän oli mutta kun niin myös jo vielä nyt taas kiitos hei olen olemme voitteko en emme
        odotan puuttuu toimii tilasin maksoin lähetin sain soitin tarvitsen haluan muuttaa lopettaa vaihtaa lähettää noutaa
        kahdesti vanha uusi väärä oikea rikki myöhässä nopeasti tänään eilen huomenna valo vilkkuu kaapeli kaapelin""",
    "en": """invoice invoices order orders ordered delivery deliveries parcel parcels account accounts password payment payments
        paid subscription agreement router mobile phone phones address addresses receipt receipts complaint return returned
        refund refunds refunded price prices discount customer customers case cases answer answers help error errors problem
        problems outage outages installation technician visit time times month months week weeks day days
        the and to of a in is it you that he was for on are with as i his they be at one have this from or had by not but what
        all were we when your can said there use an each which she do how their if will up other about out many then them
        waiting missing works sent got called need want change cancel switch send collect twice old new wrong right broken
        late quickly today yesterday tomorrow lamp blinks blinking cable box charged""",
}
HEADS = {
    "sv": [
        "kund",
        "order",
        "lager",
        "konto",
        "nät",
        "mobil",
        "butik",
        "fjärr",
        "grund",
        "hem",
        "kontors",
        "sommar",
        "jul",
        "test",
        "reserv",
        "dator",
        "bild",
        "ljud",
        "data",
        "betal",
    ],
    "fi": [
        "asiakas",
        "tilaus",
        "varasto",
        "verkko",
        "kauppa",
        "kesä",
        "joulu",
        "testi",
        "vara",
        "kuva",
        "ääni",
        "tieto",
        "maksu",
        "koti",
        "toimisto",
        "puhelin",
    ],
    "en": [
        "super",
        "inter",
        "multi",
        "micro",
        "auto",
        "home",
        "office",
        "summer",
        "data",
        "sound",
        "photo",
        "stock",
        "spare",
        "net",
        "shop",
        "test",
    ],
}
TAILS = {
    "sv": [
        "nummer",
        "tjänst",
        "avgift",
        "service",
        "modul",
        "lista",
        "kort",
        "skärm",
        "pump",
        "motor",
        "lampa",
        "dosa",
        "filter",
        "batteri",
        "laddare",
        "fäste",
        "sladd",
    ],
    "fi": [
        "numero",
        "palvelu",
        "maksu",
        "moduuli",
        "lista",
        "kortti",
        "näyttö",
        "pumppu",
        "moottori",
        "lamppu",
        "rasia",
        "suodatin",
        "akku",
        "laturi",
        "teline",
    ],
    "en": [
        "number",
        "service",
        "fee",
        "module",
        "list",
        "card",
        "screen",
        "pump",
        "motor",
        "lamp",
        "socket",
        "filter",
        "battery",
        "charger",
        "holder",
        "cord",
    ],
}
SUBJECTS = {
    "sv": [
        "Fel på fakturan", "Var är mitt paket?", "Glömt lösenordet", "Routern blinkar rött", "Vill avsluta abonnemanget",
        "Dubbel betalning", "Leveransen är försenad", "Byta adress", "Återbetalning saknas", "Ny beställning",
        "Reklamation av batteri", "Avbrott sedan i går", "Fråga om priset", "Kvitto för bokföringen", "Tid för tekniker",
    ],
    "fi": [
        "Virhe laskussa", "Missä pakettini on?", "Unohdin salasanan", "Reititin vilkkuu punaisena", "Haluan lopettaa liittymän",
        "Maksoin kahdesti", "Toimitus myöhässä", "Osoitteen muutos", "Hyvitys puuttuu", "Uusi tilaus",
        "Valitus akusta", "Katkos eilisestä asti", "Kysymys hinnasta", "Kuitti kirjanpitoon", "Aika asentajalle",
    ],
    "en": [
        "Wrong invoice", "Where is my parcel?", "Forgot my password", "Router blinks red", "Cancel my subscription",
        "Charged twice", "Delivery is late", "Change of address", "Refund is missing", "New order",
        "Complaint about a battery", "Outage since yesterday", "Question about the price", "Receipt for the books",
        "Time for a technician",
    ],
}  # fmt: skip
FIRST = [
    "Maja",
    "Anna",
    "Erik",
    "Lars",
    "Karin",
    "Johan",
    "Eva",
    "Sven",
    "Ida",
    "Nils",
    "Aino",
    "Eino",
    "Helmi",
    "Väinö",
    "Tuula",
    "Pekka",
    "Sanna",
    "Mikko",
    "Emma",
    "Oliver",
]
LAST = [
    "Lind",
    "Berg",
    "Andersson",
    "Johansson",
    "Karlsson",
    "Nilsson",
    "Eriksson",
    "Larsson",
    "Olsson",
    "Persson",
    "Virtanen",
    "Korhonen",
    "Nieminen",
    "Mäkinen",
    "Laine",
    "Heikkinen",
    "Koskinen",
    "Järvinen",
    "Smith",
    "Brown",
    "Jones",
    "Taylor",
    "Walker",
    "Wood",
]


def sentences(language: str) -> list[str]:
    """So many sentences, the same every time. A few words are in most of them, and most words in a few."""
    draw = random.Random(language)
    # The words that hold a sentence together come as often as in real ones, the compounds seldom.
    words = BASE[language].split()
    draw.shuffle(words)
    words += [head + tail for head in HEADS[language] for tail in TAILS[language]]
    weights = [1 / (rank + 3) for rank in range(len(words))]
    return [
        " ".join(draw.choices(words, weights, k=draw.randint(6, 14))).capitalize() + draw.choice(".....?!")
        for _ in range(SENTENCES)
    ]
