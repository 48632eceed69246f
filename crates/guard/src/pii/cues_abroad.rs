//! Cues in other languages, by language and kind: what opens a person's doors first, then cards, accounts,
//! telephones and days of birth. In small letters; accents don't matter.

use super::cues::Cue;

/// The cue words of one language.
pub(super) struct Tongue {
    /// ISO 639-1; only a reader needs it.
    #[cfg(test)]
    pub(super) code: &'static str,
    pub(super) phrases: &'static [(Cue, &'static str)],
}

macro_rules! tongue {
    ($code:literal, $($cue:ident $phrases:literal),+ $(,)?) => {
        Tongue { #[cfg(test)] code: $code, phrases: &[$((Cue::$cue, $phrases)),+] }
    };
}

/// Phrases separated by `|`.
pub(super) const TONGUES: &[Tongue] = &[
    tongue!(
        "de",
        Pin "geheimzahl|geheimnummer|pinnummer|pin nummer",
        Password "passwort|kennwort|losungswort|sicherheitsantwort|zugangswort",
        Otp "einmalcode|einmalpasswort|bestätigungscode|sicherheitscode|freischaltcode|verifizierungscode|smstan|mtan|pushtan|tan nummer|code aus der sms",
        Cvv "prüfziffer|prüfnummer|kartenprüfnummer|kartenprüfziffer",
        Card "kreditkarte|kartennummer|kreditkartennummer|debitkarte|girokarte|karte",
        Expiry "gültig bis|ablaufdatum",
        Account "konto|kontonummer",
        Identity "personalausweis|ausweisnummer|personalausweisnummer|ausweis",
        Passport "reisepass|reisepassnummer|passnummer",
        Licence "führerschein|führerscheinnummer",
        Phone "telefonnummer|handynummer|rufnummer|handy",
        Birth "geburtsdatum|geboren|geboren am|geb",
    ),
    tongue!(
        "es",
        Pin "clave|clave secreta|número secreto|nip|clave del cajero",
        Password "contraseña|clave de acceso|palabra clave|respuesta secreta",
        Code "código",
        Otp "código sms|código de verificación|código de confirmación|clave dinámica|código de un solo uso|código que me llegó|código que recibí",
        Cvv "código de seguridad|número de seguridad|dígitos de atrás",
        Card "tarjeta|número de tarjeta|tarjeta de crédito|tarjeta de débito",
        Expiry "caduca|vence|vencimiento|fecha de caducidad|válida hasta",
        Account "cuenta|número de cuenta",
        Identity "mi dni|mi nie|número de dni|número de nie|documento de identidad|número de identidad",
        Passport "pasaporte|número de pasaporte",
        Licence "permiso de conducir|carnet de conducir",
        Phone "teléfono|móvil|celular",
        Birth "nací|nacido|nacida|fecha de nacimiento",
    ),
    tongue!(
        "fr",
        Pin "code secret|code confidentiel|code de carte|code de ma carte",
        Password "mot de passe|mdp|mot secret|phrase secrète|réponse secrète",
        Otp "code sms|code à usage unique|code de vérification|code de confirmation|code reçu",
        Cvv "cryptogramme|cryptogramme visuel|code de sécurité",
        Card "carte|carte bancaire|numéro de carte|carte bleue",
        Expiry "expire le|date d'expiration|valable jusqu'au",
        Account "compte|numéro de compte",
        Identity "carte d'identité|numéro de sécurité sociale|sécurité sociale",
        Passport "passeport|numéro de passeport",
        Licence "permis de conduire|permis",
        Phone "téléphone|portable|numéro de téléphone",
        Birth "né le|née le|date de naissance|naissance",
    ),
    tongue!(
        "it",
        Pin "codice pin|codice segreto|codice bancomat",
        Password "parola d'ordine|parola chiave|risposta segreta",
        Code "codice",
        Otp "codice sms|codice di verifica|codice di conferma|codice otp",
        Cvv "codice di sicurezza|cifre sul retro",
        Card "carta|numero di carta|numero della carta|carta di credito|bancomat",
        Account "conto|numero di conto",
        Identity "carta d'identità|carta di identità",
        Passport "passaporto|numero di passaporto",
        Licence "patente|patente di guida",
        Phone "telefono|cellulare",
        Birth "nato il|nata il|data di nascita|nascita",
    ),
    tongue!(
        "pt",
        Pin "código secreto|código pin|senha do cartão",
        Password "senha|palavra passe|palavra chave|resposta secreta",
        Code "código",
        Otp "código de verificação|código de confirmação|código por sms",
        Cvv "código de segurança",
        Card "cartão|número do cartão|cartão de crédito",
        Account "conta|número da conta",
        Identity "cartão de cidadão|bilhete de identidade",
        Passport "passaporte",
        Licence "carta de condução",
        Phone "telemóvel|telefone|celular",
        Birth "nasci|nascido em|nascida em|data de nascimento",
    ),
    tongue!(
        "nl",
        Pin "pincode|pinnummer|geheime code",
        Password "wachtwoord|geheim antwoord",
        Otp "verificatiecode|bevestigingscode|eenmalige code|smscode|beveiligingscode",
        Cvv "controlegetal",
        Card "kaartnummer|kaart",
        Account "rekening|rekeningnummer",
        Identity "identiteitskaart|rijksregisternummer",
        Passport "paspoort|paspoortnummer",
        Licence "rijbewijs|rijbewijsnummer",
        Phone "telefoonnummer|mobiel",
        Birth "geboortedatum|geboren op",
    ),
    tongue!(
        "pl",
        Pin "kod pin|numer pin",
        Password "hasło",
        Code "kod",
        Otp "kod sms|kod z sms|kod jednorazowy|kod weryfikacyjny",
        Cvv "kod zabezpieczający",
        Card "karta|karty|kartę|numer karty",
        Account "konto|numer konta|rachunek",
        Identity "numer pesel|dowód osobisty",
        Passport "paszport",
        Licence "prawo jazdy",
        Birth "data urodzenia|urodzony|urodzona",
    ),
    tongue!("sv", Pin "pinkod", Password "lösenord", Otp "engångskod|verifieringskod", Card "kortnummer", Account "kontonummer"),
    tongue!("da", Pin "pinkode", Password "adgangskode|kodeord", Otp "engangskode", Card "kortnummer", Account "kontonummer"),
    tongue!("no", Pin "pinkode", Password "passord", Otp "engangskode|bekreftelseskode"),
    tongue!("fi", Pin "tunnusluku", Password "salasana", Otp "vahvistuskoodi|kertakoodi"),
    tongue!("cs", Pin "kód pin", Password "heslo", Code "kód", Otp "ověřovací kód|kód z sms", Card "karty"),
    tongue!("sk", Password "heslo", Otp "overovací kód"),
    tongue!("sl", Password "geslo", Otp "potrditvena koda"),
    tongue!("hr", Password "lozinka|zaporka", Otp "jednokratni kod"),
    tongue!("hu", Pin "pin kód", Password "jelszó|jelszavam", Otp "megerősítő kód"),
    tongue!("ro", Pin "cod pin", Password "parola", Code "codul", Otp "cod de verificare|codul din sms", Cvv "cod de securitate"),
    tongue!("bg", Pin "пин", Password "парола", Code "код|кодът"),
    tongue!("el", Pin "πιν", Password "κωδικός|κωδικός πρόσβασης", Cvv "κωδικός ασφαλείας", Card "κάρτα|αριθμός κάρτας"),
    tongue!("et", Password "parool|salasõna"),
    tongue!("lv", Password "parole"),
    tongue!("lt", Password "slaptažodis"),
    tongue!("ga", Password "pasfhocal"),
    tongue!("mt", Password "il password"),
    tongue!("ru", Pin "пин|пинкод|пин код", Password "пароль|пароля|кодовое слово", Code "код", Otp "код из смс|код подтверждения", Cvv "код безопасности|цифры на обороте", Card "карта|карты|карту|номер карты"),
    tongue!("uk", Pin "пін|пін код", Password "пароль", Otp "код із смс"),
    tongue!("tr", Pin "pin kodu", Password "şifre|şifrem|parola|parolam", Otp "onay kodu|doğrulama kodu", Cvv "güvenlik kodu", Card "kart|kartım|kart numarası"),
    tongue!(
        "hi",
        Pin "पिन|पिन नंबर|gupt number",
        Password "पासवर्ड|गुप्त शब्द",
        Otp "ओटीपी|ओ टी पी",
        Code "कोड",
        Cvv "सीवीवी|सुरक्षा कोड",
        Card "कार्ड|कार्ड नंबर",
        Account "खाता|खाते|खाता संख्या",
        Phone "मोबाइल|फोन|फ़ोन",
        Birth "जन्म|जन्म तिथि|जन्मतिथि",
    ),
    tongue!("ar", Pin "الرقم السري|رقم سري", Password "كلمة السر|كلمة المرور", Code "الرمز|رمز|الكود", Card "البطاقة|بطاقتي|رقم البطاقة"),
    tongue!("he", Password "סיסמה|הסיסמה", Code "קוד|הקוד"),
    tongue!("id", Password "kata sandi|sandi", Code "kode", Otp "kode otp|kode verifikasi"),
    tongue!("vi", Pin "mã pin", Password "mật khẩu", Otp "mã otp|mã xác nhận", Card "số thẻ"),
    tongue!("sw", Password "nenosiri|neno la siri"),
];

/// Words of scripts that put no gap between words: they count where they stand in a run of letters.
pub(super) const WITHOUT_GAPS: &[(Cue, &str)] = &[
    (Cue::Pin, "暗証番号|핀번호|取款密码|交易密码|支付密码"),
    (
        Cue::Otp,
        "验证码|驗證碼|動態密碼|动态密码|認証コード|確認コード|ワンタイムパスワード|인증번호|일회용비밀번호|รหัสโอทีพี",
    ),
    (Cue::Cvv, "安全码|安全碼|セキュリティコード|보안코드"),
    (Cue::Password, "密码|密碼|口令|パスワード|비밀번호|암호|รหัสผ่าน"),
    (Cue::Card, "卡号|卡號|银行卡|信用卡|カード番号|카드번호|หมายเลขบัตร"),
    (Cue::Account, "账号|賬號|帳號|账户|口座番号|계좌번호|เลขบัญชี"),
    (Cue::Phone, "手机号|電話番号|전화번호|เบอร์โทร"),
    (Cue::Birth, "生日|生年月日|생년월일"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pii::{page::Page, probe};

    #[test]
    fn every_phrase_is_a_cue_in_a_text() {
        for tongue in TONGUES {
            for (cue, phrases) in tongue.phrases {
                for phrase in phrases.split('|') {
                    let page = Page::new(phrase, &[]);
                    let heard = page.cues.iter().any(|hit| hit.cue == *cue);
                    assert!(heard, "{}: {phrase} {:?}", tongue.code, page.cues);
                }
            }
        }
        for (cue, phrases) in WITHOUT_GAPS {
            for phrase in phrases.split('|') {
                assert!(Page::new(phrase, &[]).cues.iter().any(|hit| hit.cue == *cue), "{phrase}");
            }
        }
    }

    #[test]
    fn secrets_are_found_by_what_each_language_calls_them() {
        for (text, value, kind) in [
            ("meine Geheimzahl ist 4471", "4471", "PIN"),
            ("la clave de mi tarjeta es 8125", "8125", "PIN"),
            ("mon code secret est 9042", "9042", "PIN"),
            ("मेरा पिन 7316 है", "7316", "PIN"),
            ("暗証番号は5528です", "5528", "PIN"),
            ("moje hasło to Jezioro44", "Jezioro44", "PASSWORD"),
            ("nova senha: Laranja_7", "Laranja_7", "PASSWORD"),
            ("мой пароль Озеро1987", "Озеро1987", "PASSWORD"),
            ("我的密码是 qing2044ma", "qing2044ma", "PASSWORD"),
            ("der Bestätigungscode war 552901", "552901", "OTP"),
            ("il codice di verifica è 118204", "118204", "OTP"),
            ("验证码 704118", "704118", "OTP"),
            ("código de seguridad 418", "418", "CVV"),
        ] {
            assert!(probe(text).contains(&(value.to_owned(), kind)), "{text}: {:?}", probe(text));
        }
    }
}
