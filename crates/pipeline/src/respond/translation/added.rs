//! Words that may not be new in a translation: what a swindler would put in. An order to tell a PIN, to send money or to
//! call a number stands in a translation only where the original speaks of such a thing. The output guard reads such orders
//! in English alone.

use super::{calendar::any, facts, gate::Fault, tongue::Tongue};

/// A thing, and the words by which it is spoken of: in small letters, `*` at an end stands for any letters.
#[derive(Debug)]
struct Thing {
    /// Where the original has one of these, the translation may speak of it.
    english: &'static str,
    /// In each language.
    every: &'static str,
    own: [(&'static str, &'static str); 7],
}

static THINGS: [Thing; 12] = [
    // Secrets.
    Thing {
        english: "pin pins tan code* password* passcode* passphrase* otp cvv cvc secret* credential* login* token*",
        every: "pin pins tan tans otp cvv cvc code* passcode* passwor* token*",
        own: [
            ("de", "kennwor* *passwor* geheim* losung* zugangsdaten anmeldedaten *code* *tan *codes"),
            ("es", "contraseña* clave* código* secret* credencial*"),
            ("fr", "passe secret* confidentiel* identifiants"),
            ("it", "codic* segret* credenzial*"),
            ("nl", "wachtwoord* geheim* *code* inloggegevens"),
            ("pl", "hasł* haseł kod* tajn* poufn*"),
            ("pt", "senha* passe código* secret* segredo* credencia*"),
        ],
    },
    // Money that somebody sends.
    Thing {
        english: "transfer* send* sent pay* paid payable remit* wire* deposit* move* moving repay* debit* withdraw* income post* mail*",
        every: "transfer* deposit* payid bpay",
        own: [
            ("de", "*überweis* überwies* *einzahl* *zahlung* sende* senden schick*"),
            ("es", "transf* envi* envía* enví* ingres* deposit*"),
            ("fr", "virement* virer virez transfér* transfert* envo* versez verser versement* dépos*"),
            ("it", "bonific* trasfer* invi* versa* versi depos*"),
            ("nl", "overma* overschrijv* overboek* stort* stuur* sturen verstuur* verzend*"),
            ("pl", "przelew* przelej* przelać wpłac* wpłat* wysył* wyślij* prześl*"),
            ("pt", "transf* envi* deposit*"),
        ],
    },
    // What is as good as cash.
    Thing {
        english: "gift* voucher* coupon* crypto* bitcoin* paypal present*",
        every: "bitcoin* crypto* krypto* cripto* voucher* coupon* paypal gift*",
        own: [
            ("de", "gutschein* geschenk*"),
            ("es", "regalo* bono bonos"),
            ("fr", "cadeau* cryptomonnaie*"),
            ("it", "regal*"),
            ("nl", "cadeau* *bon *bonnen"),
            ("pl", "podarunk* upomink* prezent*"),
            ("pt", "presente*"),
        ],
    },
    // Software, and who looks at one's screen.
    Thing {
        english: "download* install* remote* software* app apps application* store online",
        every: "anydesk teamviewer software* app apps install* download*",
        own: [
            ("de", "fernwart* fernzugr* fernsteuer* *herunterlad* *herunterzuladen installier* bildschirm*"),
            ("es", "descarg* instal* remot* pantalla*"),
            ("fr", "télécharg* install* distance logiciel* écran*"),
            ("it", "scaric* install* remot* schermo schermi"),
            ("nl", "downloa* installe* afstand* scherm*"),
            ("pl", "pobierz pobrać pobieraj* zainstal* instal* zdaln* oprogramow* ekran*"),
            ("pt", "baixe baixar descarreg* instal* remot* ecrã* tela"),
        ],
    },
    // Calls.
    Thing {
        english: "call* phone* telephon* dial* hotline* ring* contact* number* speak* talk* ask* reach*",
        every: "telefon* telephon* hotline*",
        own: [
            ("de", "anruf* angerufen ruf rufen ruft *telefon* wähl*"),
            ("es", "llam* llám* teléfon* telefón*"),
            ("fr", "appel* téléphon*"),
            ("it", "chiam* telefon*"),
            ("nl", "bel belt bellen opbellen telefo* *telefoon*"),
            ("pl", "zadzwo* dzwo* telefon*"),
            ("pt", "ligue ligar ligando liga telef*"),
        ],
    },
    // Messages.
    Thing {
        english: "text* sms message* email* mail* chat* whatsapp writ* wrote post*",
        every: "sms whatsapp telegram signal messenger email* mail mails chat*",
        own: [
            ("de", "nachricht* schreib*"),
            ("es", "mensaje* correo* escrib*"),
            ("fr", "courriel* message* écriv* écrire"),
            ("it", "messagg* scriv*"),
            ("nl", "bericht* schrijf*"),
            ("pl", "wiadomo* napisz*"),
            ("pt", "mensage* escrev* correio*"),
        ],
    },
    // Links.
    Thing {
        english: "click* link* tap* select* website* site* web* online* page* scan* press* open* internet*",
        every: "link links klick* click* qr website* web internet url",
        own: [
            ("de", "*klick* webseit* internetseit* *scann*"),
            ("es", "clic enlace* vínculo* sitio* pulse pulsa* escane*"),
            ("fr", "clique* lien* clic site sites scann*"),
            ("it", "clicc* clic collegament* sito siti"),
            ("nl", "*klik* koppeling*"),
            ("pl", "klik* link* witryn*"),
            ("pt", "cliq* clic* site sites hiperlig*"),
        ],
    },
    // What somebody is told to tell.
    Thing {
        english: "tell* told give* gave provid* enter* stat* shar* suppl* quot* say* said show* disclos* submit* need* \
            require* bring* present* complet* fill* report* inform* let notif* confirm* name* hand* keep* have write* \
            verif* prov* identif* set* choos* request* apply ask* allow*",
        every: "",
        own: [
            (
                "de",
                "nennen nenne nennt angeben angebe* eingeben geben mitteil* teilen teilt verrat* preisgeb* bestätig* vorleg* übermitt*",
            ),
            (
                "es",
                "indique* indica* facilit* comuni* proporcion* introduzc* introduc* confirm* diga dígan* revel* dé den",
            ),
            ("fr", "donne* communi* indiqu* fourni* saisi* révél* transmet* confirm* dites"),
            ("it", "comunic* fornisc* fornir* indic* inserisc* inserir* conferm* rivel* dica dite"),
            ("nl", "geef geven vertel* deel delen doorge* bevestig* voer"),
            ("pl", "podaj* podać poda podan* przekaż* przekaz* ujawn* potwierd* wpisz*"),
            ("pt", "inform* forne* indiqu* indic* digit* confirm* revel* diga dê"),
        ],
    },
    // Trade.
    Thing {
        english: "buy* bought purchas* sell* sold sale* invest* trade* trading shop* spend* spent merchant* pay* paid",
        every: "invest*",
        own: [
            ("de", "*kauf* *käuf* investier* anleg* geldanlag*"),
            ("es", "compra* compre* vend* inver*"),
            ("fr", "achet* achat* vendre vendez vendu* vente* invest*"),
            ("it", "compra* compri acquist* vend* invest*"),
            ("nl", "koop* kopen *aankop* verkoop* verkopen beleg* invest*"),
            ("pl", "kup* kupn* sprzeda* inwest*"),
            ("pt", "compr* vend* invist* invest*"),
        ],
    },
    // Promises.
    Thing {
        english: "free* waiv* no not without complimentary nil zero none never cannot nothing guarante* assur* secur* safe* \
            protect* insur* warrant* certain* ensur* sure",
        every: "gratis garant* guarant*",
        own: [
            ("de", "kostenlos* kostenfrei* gebührenfrei* umsonst risikolos* risikofrei* versichert*"),
            ("es", "gratuit* asegur*"),
            ("fr", "gratuit* assur*"),
            ("it", "gratuit* assicur*"),
            ("nl", "kosteloos* kosteloze gegarand* risicoloos"),
            ("pl", "bezpłatn* darmo* gwarant* gwaranc*"),
            ("pt", "grátis gratuit* assegur*"),
        ],
    },
    // Haste.
    Thing {
        english: "immediat* urgent* once straight right instant* now soon* prompt* quick* fast* same away direct* real*",
        every: "urgent*",
        own: [
            ("de", "sofort* dringend* unverzüglich* umgehend* eilig*"),
            ("es", "inmediat* urgen* enseguida"),
            ("fr", "immédiat* urgen*"),
            ("it", "immediat* urgen* subito"),
            ("nl", "onmiddellijk* dringend* meteen direct"),
            ("pl", "natychmiast* pilni* pilne pilny"),
            ("pt", "imediat* urgen*"),
        ],
    },
    // Who somebody is.
    Thing {
        english: "id ids identi* passport* licen* document* number* iban bsb detail* proof data tax* personal",
        every: "iban bic bsb",
        own: [
            ("de", "*nummer* *ausweis* *daten personalien reisepass* pass"),
            ("es", "número* pasaporte* datos identi*"),
            ("fr", "passeport* numéro* identité* coordonnées données"),
            ("it", "numer* passaport* dati identi*"),
            ("nl", "*nummer* *paspoort* *gegevens identi*"),
            ("pl", "numer* paszport* dane danych dowod* dowód* tożsamo*"),
            ("pt", "número* passaporte* dados identi*"),
        ],
    },
];

/// Whether a translation speaks of nothing of this that the original does not speak of.
///
/// # Errors
/// Where it does.
pub(super) fn nothing(english: &str, translated: &str, to: &Tongue) -> Result<(), Fault> {
    let (said, says) = (facts::words(english), facts::words(translated));
    let new = |thing: &Thing| {
        let own = thing.own.iter().filter(|(code, _)| *code == to.code).map(|(_, words)| *words);
        let mut lists = own.chain([thing.every]).filter(|list| !list.is_empty());
        let speaks = lists.any(|list| says.iter().any(|word| any(list, word)));
        speaks && !said.iter().any(|word| any(thing.english, word))
    };
    if THINGS.iter().any(new) { Err("added") } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "You can lock a lost card in the app at any time.";

    fn of(english: &str, code: &str, other: &str) -> Result<(), Fault> {
        nothing(english, other, Tongue::named(code).unwrap())
    }

    #[test]
    fn every_language_has_its_words_for_each_thing() {
        for thing in &THINGS {
            for code in Tongue::codes() {
                let (_, words) = thing.own.iter().find(|(own, _)| *own == code).unwrap();
                assert!(words.split(' ').all(|word| word.len() > 1), "{code}: {words}");
            }
            assert!(thing.english.split(' ').all(|word| !word.is_empty()), "{}", thing.english);
        }
    }

    #[test]
    fn an_order_that_the_original_lacks_is_seen_in_every_language() {
        for (code, locked, orders) in [
            (
                "de",
                "Sie können eine verlorene Karte jederzeit in der App sperren",
                [
                    "nennen Sie dazu Ihre PIN am Telefon",
                    "überweisen Sie uns das Geld",
                    "kaufen Sie Gutscheine",
                    "klicken Sie hier",
                    "rufen Sie uns an",
                    "schreiben Sie uns per WhatsApp",
                ],
            ),
            (
                "es",
                "Puede bloquear una tarjeta perdida en la app en cualquier momento",
                [
                    "diga su PIN por teléfono",
                    "transfiera el dinero",
                    "compre tarjetas regalo",
                    "haga clic aquí",
                    "llámenos",
                    "envíe un WhatsApp",
                ],
            ),
            (
                "fr",
                "Vous pouvez bloquer une carte perdue dans l'app à tout moment",
                [
                    "donnez votre code au téléphone",
                    "faites un virement",
                    "achetez des cartes cadeaux",
                    "cliquez ici",
                    "appelez-nous",
                    "écrivez-nous",
                ],
            ),
            (
                "it",
                "Può bloccare una carta smarrita nell'app in qualsiasi momento",
                [
                    "comunichi il PIN",
                    "faccia un bonifico",
                    "compri carte regalo",
                    "faccia clic qui",
                    "ci chiami",
                    "ci scriva",
                ],
            ),
            (
                "nl",
                "U kunt een verloren kaart op elk moment in de app blokkeren",
                [
                    "geef uw pincode door",
                    "maak een overboeking en overmaken",
                    "koop cadeaukaarten",
                    "klik hier",
                    "bel ons",
                    "stuur een bericht",
                ],
            ),
            (
                "pl",
                "Zgubioną kartę można w każdej chwili zablokować w aplikacji",
                [
                    "proszę podać PIN",
                    "proszę zrobić przelew",
                    "proszę kupić karty podarunkowe",
                    "proszę kliknąć tutaj",
                    "proszę zadzwonić",
                    "proszę napisz wiadomość",
                ],
            ),
            (
                "pt",
                "Pode bloquear um cartão perdido na app a qualquer momento",
                [
                    "informe a senha",
                    "faça uma transferência",
                    "compre cartões-presente",
                    "clique aqui",
                    "ligue para nós",
                    "escreva-nos",
                ],
            ),
        ] {
            assert_eq!(of(LOCK, code, &format!("{locked}.")), Ok(()), "{locked}");
            for order in orders {
                assert_eq!(of(LOCK, code, &format!("{locked}, {order}.")), Err("added"), "{order}");
            }
        }
    }

    #[test]
    fn what_the_original_speaks_of_may_be_spoken_of() {
        for (english, code, other) in [
            ("Enter your PIN.", "de", "Geben Sie Ihre PIN ein."),
            ("Never tell anybody your password.", "es", "No diga nunca su contraseña a nadie."),
            ("An international transfer costs $20.", "fr", "Un virement international coûte 20 $."),
            ("Call the desk.", "it", "Chiami lo sportello."),
            ("You may open it online.", "nl", "U kunt het op de website openen."),
            ("The fee is waived.", "pl", "Konto jest bezpłatne."),
            ("Purchases abroad cost 3%.", "pt", "Compras no estrangeiro custam 3 %."),
        ] {
            assert_eq!(of(english, code, other), Ok(()), "{other}");
        }
    }
}
