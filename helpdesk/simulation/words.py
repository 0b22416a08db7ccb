"""What simulated customers and agents write, in their languages. Generated data, so it is not for translators."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

Texts = Mapping[str, tuple[str, ...]]

# topic path: Swedish, Finnish, English
SUBJECTS = {
    "internet/outage": ("Inget internet", "Netti on poikki", "No internet connection"),
    "internet/slow connection": ("Långsamt bredband", "Hidas yhteys", "Slow broadband"),
    "internet/wifi set-up": ("Hjälp med wifi", "Apua wifin käyttöönottoon", "Help setting up wifi"),
    "internet/router replacement": ("Trasig router", "Rikkinäinen reititin", "Faulty router"),
    "tv/missing channels": ("Kanaler saknas", "Kanavia puuttuu", "Channels are missing"),
    "mobile/number porting": ("Flytta mitt nummer", "Numeron siirto", "Moving my number"),
    "mobile/sim card": ("Nytt SIM-kort", "Uusi SIM-kortti", "New SIM card"),
    "billing/invoice/wrong amount": ("Fel belopp på fakturan", "Väärä summa laskussa", "Wrong amount on my invoice"),
    "billing/invoice/copy": ("Kopia på faktura", "Laskun kopio", "Copy of an invoice"),
    "billing/payment plan": ("Avbetalning", "Maksusuunnitelma", "Paying in instalments"),
    "contract/new order": ("Ny beställning", "Uusi tilaus", "New order"),
    "contract/cancel": ("Säga upp avtalet", "Sopimuksen irtisanominen", "Cancelling my contract"),
    "contract/moving house": ("Jag ska flytta", "Muutan uuteen osoitteeseen", "I am moving house"),
    "account/password": ("Glömt lösenord", "Salasana unohtui", "Forgotten password"),
    "delivery/where is my parcel": ("Var är mitt paket?", "Missä pakettini on?", "Where is my parcel?"),
    "delivery/damaged goods": ("Varan var skadad", "Tuote oli rikki", "The goods were damaged"),
    "returns/how to return": ("Hur returnerar jag?", "Miten palautan tuotteen?", "How do I return this?"),
    "returns/refund not received": ("Ingen återbetalning än", "Hyvitys ei ole tullut", "Refund has not arrived"),
    "products/advice": ("Fråga om en produkt", "Kysymys tuotteesta", "Question about a product"),
    "products/warranty": ("Garantiärende", "Takuuasia", "Warranty claim"),
    "account/log-in": ("Kan inte logga in", "En pääse kirjautumaan", "Cannot log in"),
}
_COLUMN = {"sv": 0, "fi": 1, "en": 2}

MAILS: Texts = {
    "sv": (
        "Hej,\n\n{subject}. Kan ni hjälpa mig så snart som möjligt?\n\nMed vänlig hälsning\n{name}",
        "Hej!\nJag har försökt själv men kommer inte vidare. Det gäller: {subject}.\n/{name}",
        "God dag,\n\nJag skriver angående följande: {subject}. Svara gärna per mejl.\n\n{name}",
    ),
    "fi": (
        "Hei,\n\n{subject}. Voisitteko auttaa mahdollisimman pian?\n\nTerveisin\n{name}",
        "Moi!\nYritin itse, mutta en pääse eteenpäin. Asia koskee: {subject}.\n{name}",
        "Hyvää päivää,\n\nOtan yhteyttä seuraavasta asiasta: {subject}. Vastatkaa sähköpostilla, kiitos.\n\n{name}",
    ),
    "en": (
        "Hello,\n\n{subject}. Could you help me as soon as possible?\n\nKind regards\n{name}",
        "Hi!\nI have tried to sort this out myself but am stuck. It is about: {subject}.\n{name}",
        "Good day,\n\nI am writing about the following: {subject}. Please answer by e-mail.\n\n{name}",
    ),
}
REPLIES: Texts = {
    "sv": (
        "Hej {name},\n\nTack för att du hörde av dig. Vi har åtgärdat det och du ska inte behöva göra något mer.\n\nHälsningar\nKundtjänst",
        "Hej {name},\n\nNu är det klart. Hör gärna av dig om något fortfarande inte fungerar.\n\nHälsningar\nKundtjänst",
    ),
    "fi": (
        "Hei {name},\n\nKiitos yhteydenotostasi. Asia on nyt hoidettu, eikä sinun tarvitse tehdä mitään.\n\nTerveisin\nAsiakaspalvelu",
        "Hei {name},\n\nNyt asia on kunnossa. Kerrothan, jos jokin ei vielä toimi.\n\nTerveisin\nAsiakaspalvelu",
    ),
    "en": (
        "Hello {name},\n\nThank you for getting in touch. We have put this right and there is nothing more you need to do.\n\nKind regards\nCustomer service",
        "Hello {name},\n\nThis is done now. Do tell us if anything is still not working.\n\nKind regards\nCustomer service",
    ),
}
QUESTIONS: Texts = {
    "sv": (
        "Hej {name},\n\nFör att kunna hjälpa dig behöver vi ditt kundnummer och när felet började. Kan du skicka det?",
    ),
    "fi": ("Hei {name},\n\nTarvitsemme asiakasnumerosi ja tiedon siitä, milloin vika alkoi. Voitko lähettää ne?",),
    "en": (
        "Hello {name},\n\nTo help you we need your customer number and when the fault began. Could you send us these?",
    ),
}
PROMISES: Texts = {
    "sv": ("Hej {name},\n\nVi har tagit emot ditt ärende och utreder det. Du får besked av oss inom utlovad tid.",),
    "fi": ("Hei {name},\n\nOlemme vastaanottaneet asiasi ja selvitämme sitä. Palaamme asiaan luvatussa ajassa.",),
    "en": (
        "Hello {name},\n\nWe have your case and are looking into it. You will hear from us by the time we promised.",
    ),
}
ANSWERS: Texts = {
    "sv": (
        "Hej, här kommer uppgifterna. Felet började i måndags.\n{name}",
        "Kundnumret är det ni har. Det hände igår kväll.\n{name}",
    ),
    "fi": (
        "Hei, tässä tiedot. Vika alkoi maanantaina.\n{name}",
        "Asiakasnumero on teillä. Se tapahtui eilen illalla.\n{name}",
    ),
    "en": (
        "Hi, here are the details. The fault began on Monday.\n{name}",
        "You have my customer number. It happened last night.\n{name}",
    ),
}
CHASERS: Texts = {
    "sv": ("Hej, hur går det med mitt ärende? Jag har inte hört något.\n{name}",),
    "fi": ("Hei, miten asiani etenee? En ole kuullut mitään.\n{name}",),
    "en": ("Hello, what is happening with my case? I have not heard anything.\n{name}",),
}
COMPLAINTS: Texts = {
    "sv": ("Hej, det är samma fel igen.\n{name}",),
    "fi": ("Hei, sama vika on taas.\n{name}",),
    "en": ("Hello, the same thing has happened again.\n{name}",),
}
THANKS: Texts = {
    "sv": ("Tack så mycket för hjälpen!\n{name}",),
    "fi": ("Kiitos paljon avusta!\n{name}",),
    "en": ("Thank you very much for your help!\n{name}",),
}
NOTES = (
    "Verified the customer, checked the account, explained the next step.",
    "Tested the line with the customer. All well now.",
    "Customer is informed. Nothing more to do from our side.",
    "Asked second line to have a look.",
    "Waiting for an answer from the supplier.",
)
REASONS = (
    "Needs access that first line does not have",
    "Same fault for the third time",
    "Customer asks for a decision",
)
SPAM = (
    "You have been selected!!! Claim your prize today",
    "Increase your website traffic 10x",
    "Urgent business proposal",
)
GOOD_COMMENTS: Texts = {
    "sv": (
        "Snabb och trevlig hjälp!",
        "Tydligt besked direkt.",
        "Bra service, tack.",
        "Hon visste precis vad som behövdes.",
    ),
    "fi": ("Nopea ja ystävällinen palvelu!", "Selkeä vastaus heti.", "Hyvää palvelua, kiitos."),
    "en": ("Quick and friendly.", "Clear answer straight away.", "Good service, thank you."),
}
BAD_COMMENTS: Texts = {
    "sv": ("Fick vänta alldeles för länge.", "Ingen ringde tillbaka.", "Tredje gången jag kontaktar er om samma sak.", "Problemet är kvar."),
    "fi": ("Jouduin odottamaan liian kauan.", "Kukaan ei soittanut takaisin.", "Ongelma on yhä olemassa."),
    "en": ("Had to wait far too long.", "Nobody called me back.", "The problem is still there."),
}  # fmt: skip


def subject(path: str, language: str) -> str:
    return SUBJECTS[path][_COLUMN[language]]


def written(random: Random, texts: Texts, language: str, *, name: str = "", about: str = "") -> str:
    return random.choice(texts[language]).format(name=name, subject=about)
