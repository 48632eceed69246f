//! Cues: the words that people put beside a personal number, and the ones that say it is none.

/// What a phrase says about the value next to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Cue {
    Card,
    Expiry,
    Cvv,
    Pin,
    Otp,
    /// "code" alone.
    Code,
    /// Words of somebody who passes on what was sent to him: "i told him 339221".
    Relayed,
    Password,
    ApiKey,
    CustomerId,
    Username,
    Account,
    Bsb,
    SortCode,
    Routing,
    Ifsc,
    Iban,
    Ssn,
    TaxFile,
    PanCard,
    Aadhaar,
    Nino,
    /// Identity cards and numbers of citizens of the European Union.
    Identity,
    /// Numbers under which its citizens pay taxes.
    TaxAbroad,
    Medicare,
    Passport,
    Licence,
    Birth,
    Phone,
    Email,
    Upi,
    Address,
    Postcode,
    Ip,
    /// "app version", "firmware": four numbers with dots are no address.
    Version,
    /// Receipts, references, billers, forms: numbers that name no person.
    Reference,
}

/// Phrases by cue, separated by `|`. Single letters need a mark between them (`d.o.b.`, `a/c`).
pub(super) const PHRASES: &[(Cue, &str)] = &[
    (
        Cue::Card,
        "card|cards|card number|card no|card num|credit card|debit card|visa|mastercard|amex|american express|\
         discover card|diners|maestro|rupay|jcb|unionpay|prepaid card|card ending|long number|\
         digit number|creditcard|cc number|cc|card details|plastic",
    ),
    (
        Cue::Expiry,
        "expiry|exp|expires|expiring|expiration|expiry date|expiration date|exp date|valid thru|valid through|\
         valid until|valid till|valid to|good thru|expires end|expire",
    ),
    (
        Cue::Cvv,
        "cvv|cvc|cvv 2|cvc 2|csc|card verification|verification value|card security code|security code|\
         digits on back|code on the back|number on the back|numbers on the back|digits on back|number on back|numbers on back|four digits on the front|digits on the back|back of the card|\
         security number|signature strip|ccv|security digits|digits at the back|number at the back|code at the back|\
         on the back|three digit number|three digit code|three digits|last three|last three digits|three numbers|\
         code on the reverse|code on reverse|on the reverse|signature panel|on the strip|cvn|cvd|cv 2|cvvv|cvv number|\
         short one on the back",
    ),
    (
        Cue::Pin,
        "pin|pins|pin number|pin no|pin code|pincode|mpin|tpin|m pin|upi pin|atm pin|card pin|passcode|pass code|\
         app pin|telephone pin|secret number|keypad code|unlock code|personal identification number|access pin|\
         p i n|pinn|piin|telepin|atm number|atm code|code for the atm|the code for the atm|code for atm|enter at the atm|type at the atm|\
         use at the atm|enter at the machine|punched in|punch in|keyed in|key in at the",
    ),
    (
        Cue::Otp,
        "otp|one time code|one time password|one time passcode|one time pin|onetime code|verification code|\
         sms code|text code|auth code|authentication code|authorisation code|authorization code|\
         two factor code|two factor|security code|login code|log in code|sign in code|confirmation code|\
         code you sent|code you texted|code i got|code i received|code they sent|code from the text|netcode|\
         passcode sent|activation code|access code|code from sms|code from my phone|authenticator|mfa code|\
         mfa|code in the text|code in the sms|temporary code|tac|otac|texted code|totp|verification number|smscode|\
         sms number|secure code|passkey code",
    ),
    (
        Cue::Relayed,
        "text with|text says|text said|text reads|sms says|sms said|message says|message said|message with|\
         came through as|came as|told him|told her|told them|told the caller|told the guy|told the man|told the lady|\
         read out|read him|read her|read them|read it out|gave him|gave her|gave them|gave the caller|gave the guy|\
         gave out|to the guy|to the caller|to the man|to the lady|over the phone|on the phone|is your|expired|he asked for|they asked for|shared with him|shared with them|typed in|i entered|i typed|\
         texted me|sent me|didn't work|didnt work|has expired|not working",
    ),
    (Cue::Code, "code|codes|the code|digits"),
    (
        Cue::Password,
        "password|passwords|passwd|pwd|pw|passphrase|pass phrase|pass word|login password|pass|psw|passwrd|\
         memorable word|secret word|security answer|pword|memorable information|secret answer|code word|codeword|\
         safe word|safeword|recovery code|backup code|recovery key|first pet|mother's maiden name|mothers maiden name|\
         memorable place|keeps rejecting|rejecting|kept rejecting|after entering|passwort|kennwort|mot de passe|mdp|\
         contrasena|senha|parola|пароль|密码|密码是|wachtwoord|haslo",
    ),
    (
        Cue::ApiKey,
        "api key|apikey|api token|api secret|access key|access token|secret key|secret access key|client secret|\
         private key|bearer|bearer token|auth token|x api key|webhook secret|signing secret|signing key|token|\
         refresh token|api keys|credential|personal access token|service key",
    ),
    (
        Cue::CustomerId,
        "customer number|customer no|customer num|customer id|customer reference|customer reference number|\
         client number|client no|client num|client id|client reference|crn|cif|cif number|cif no|member number|\
         member no|member num|member id|membership number|membership no|netbank id|access number|\
         banking id|internet banking id|online banking id|registration number|customer identification|\
         customer identifier|netbank number|client code|customer code|crn number|user number|\
         relationship number|profile number|cust id|cust no|customer|personal access number|access id",
    ),
    (
        Cue::Username,
        "username|user name|user id|userid|login|login id|log in id|login name|logon|logon id|user|screen name",
    ),
    (
        Cue::Account,
        "account|accounts|account number|account no|account num|acct|acct number|acct no|acc|acc number|acc no|\
         acc num|a c|a c no|accnt|savings|saver|checking|chequing|current account|savings account|\
         loan account|home loan|joint account|offset|account ending|loan number|mortgage account|ac no|ac number|\
         accno|acctno|term deposit number|policy|policy number|deposit account|transaction account|\
         bank account|neft|imps|rtgs|beneficiary account|a c number|loan",
    ),
    (Cue::Bsb, "bsb|bsb number|bsb no|bsb num|bsb code"),
    (Cue::SortCode, "sort code|sort|sortcode|sort codes|s c"),
    (
        Cue::Routing,
        "routing|routing number|routing no|routing num|aba|aba number|aba routing|rtn|transit number|\
         routing transit number|aba no|wire routing|ach routing|transit",
    ),
    (Cue::Ifsc, "ifsc|ifsc code|ifsc no|branch code"),
    (Cue::Iban, "iban|iban number|iban no|international account"),
    (
        Cue::Ssn,
        "ssn|social security number|social security|social|social security no|ss number|soc sec|ss no|itin|social sec",
    ),
    (
        Cue::TaxFile,
        "tfn|tax file number|tax file no|tax file num|tax file|tax id|tax number|tax identification number",
    ),
    (Cue::PanCard, "pan|pan card|pan number|pan no|pan num|permanent account number"),
    (
        Cue::Aadhaar,
        "aadhaar|aadhar|adhaar|adhar|aadhaar number|aadhar number|uidai|aadhaar card|aadhar card|uid|vid",
    ),
    (
        Cue::Nino,
        "ni number|ni num|ni no|national insurance|national insurance number|nino|national insurance no|nat ins|ni|\
         insurance number",
    ),
    (
        Cue::Identity,
        "identity card|identity card number|identity number|id card|id card number|national id|national id number|\
         national identity card|national identity number|personal identity code|personal identification code|pps|ppsn|\
         pps number|pps no|public service number|pesel|personnummer|burgerservicenummer|bsn|codice fiscale|fiscal code|\
         dni number|nie number",
    ),
    (
        Cue::TaxAbroad,
        "steuer id|steuerid|steuernummer|steueridentifikationsnummer|nif|nif number|partita iva|numéro fiscal",
    ),
    (Cue::Medicare, "medicare|medicare number|medicare no|medicare num|medicare card"),
    (Cue::Passport, "passport|passport number|passport no|passport num|passports|travel document"),
    (
        Cue::Licence,
        "licence|license|driver licence|driver license|drivers licence|drivers license|driver's licence|\
         driver's license|driving licence|driving license|licence number|license number|licence no|license no|\
         dl|dl number|dl no|driving permit|learner permit|driver id|drivers|dlno",
    ),
    (
        Cue::Birth,
        "dob|d o b|date of birth|birth date|birthdate|birthday|born|birth|born on|bday|b day|date birth|d o birth|\
         born in|day of birth|birthdays",
    ),
    (
        Cue::Phone,
        "phone|phone number|mobile|mobile number|mob|cell|cell phone|cellphone|telephone|tel|ph|call|ring|text|sms|\
         whatsapp|landline|contact|contact number|call me|ring me|text me|reach me|phone me|phone no|mobile no|\
         handset|number is|payid|venmo|zelle|paym|bizum|callback|call back|home phone|work phone|fax|dial|\
         reachable|contact no|phoned|called|texted|rang|calling|my number|new number|old number|phone num|\
         osko|cash app|phone on|reach|caller id|home number|work number|office number",
    ),
    (Cue::Email, "email|e mail|mail|email address|emails|inbox|emailed"),
    (Cue::Upi, "upi|upi id|vpa|upi address|bhim|phonepe|gpay|google pay|paytm|payid"),
    (
        Cue::Address,
        "address|live at|living at|lives at|moved to|moving to|reside at|residing at|post it to|send it to|mail it to|\
         deliver to|delivered to|ship to|shipped to|home address|postal address|mailing address|resident of|\
         property at|house at|flat at|posted to|card to|cards to|statements to|statement to|letters to|here from|\
         address is|delivery|relocated to|registered at|mail to|post to|property|residential|located at|live|lives|\
         moved|living|relocated|reside|mailed to|sent to",
    ),
    (Cue::Postcode, "postcode|post code|zip|zip code|zipcode|postal code|postal"),
    (
        Cue::Ip,
        "ip|ip address|ipv|ips|logged in from|login from|signed in from|device at|sign in from|access from",
    ),
    (
        Cue::Version,
        "version|versions|app version|update|updated|release|build|ios|android|firmware|software|app|patch|macos|\
         windows|chrome|firefox|safari|upgrade|upgraded|v|ver|section|clause|iphone|galaxy|pixel|ipad",
    ),
    (
        Cue::Reference,
        "receipt|receipt number|receipt no|reference|reference number|reference no|ref|ref no|ref number|transaction|\
         transaction id|transaction number|transaction reference|txn|biller|biller code|biller no|bpay|bpay code|\
         invoice|invoice number|invoice no|order|order number|order no|tracking|tracking number|ticket|\
         ticket number|case|case number|case id|complaint|complaint number|form|error|error code|promo code|\
         promo|voucher|voucher code|coupon|referral code|discount code|swift|swift code|bic|country code|\
         area code|branch|branch number|atm|terminal|merchant|merchant id|model|serial|serial number|cheque|\
         check number|cheque number|cheque no|check no|batch|step|page|chapter|item|booking|flight|room|\
         dispute|claim|claim number|query|application|application number|utr|rrn|arn|trace|confirmation number|\
         gift card|postage|article|parcel|consignment|job|sku|mcc|purchase order|product code|payee code|\
         error number|message|status|status code|hotline|helpline|customer service|support line|toll free|iso|\
         enquiry|lodgement|message code|fault|code e|abn|acn|company number|vat|vat number|gst|gstin|ein|lei|isin",
    ),
];
