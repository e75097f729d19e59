"""What people call the columns of a contact list, in English, Russian, German, French, Spanish, Portuguese."""

from __future__ import annotations

# field -> headers, as ``fold`` would leave them apart from case and blanks
SYNONYMS: dict[str, str] = {
    "lead_email": "email|e-mail|mail|email address|e-mail address|email 1|e-mail 1 - value|primary email|work email|"
    "электронная почта|почта|эл. почта|емейл|имейл|рабочий e-mail|адрес электронной почты|"
    "e-mail-adresse|email-adresse|mailadresse|courriel|adresse e-mail|adresse email|adresse mail|"
    "correo|correo electrónico|correo electronico|dirección de correo|endereço de e-mail|e-mail principal",
    "lead_first_name": "first name|firstname|given name|forename|name first|имя|vorname|prénom|prenom|nombre|"
    "primer nombre|nome próprio|primeiro nome|imię",
    "lead_middle_name": "middle name|second name|patronymic|отчество|zweiter vorname|deuxième prénom|"
    "segundo nombre|nome do meio",
    "lead_last_name": "last name|lastname|surname|family name|фамилия|nachname|familienname|nom|nom de famille|"
    "apellido|apellidos|sobrenome|apelido|nazwisko",
    "full_name": "name|full name|fullname|contact|contact name|customer name|client|фио|ф.и.о.|полное имя|клиент|"
    "контакт|имя и фамилия|vollständiger name|kunde|nom complet|nom et prénom|imię i nazwisko|jméno a příjmení|nombre completo|"
    "nombre y apellidos|nome|nome completo|cliente",
    "lead_phone": "phone|phone number|telephone|tel|tel.|mobile|mobile phone|mobile number|cell|cell phone|"
    "phone 1 - value|mobile phone number|primary phone|телефон|мобильный|мобильный телефон|номер телефона|"
    "сотовый|рабочий телефон|тел.|telefon|telefonnummer|handy|mobil|mobiltelefon|rufnummer|téléphone|"
    "numéro de téléphone|portable|mobile|teléfono|telefono|móvil|celular|telefone|telemóvel|número de telefone",
    "lead_utc": "time zone|timezone|utc|utc offset|zone|gmt|часовой пояс|таймзона|zeitzone|fuseau horaire|"
    "zona horaria|fuso horário|fuso",
    "lead_shipping_country_code": "country|country code|country/region|cc|nation|land|страна|staat|pays|país|pais|"
    "address 1 - country|business country/region|país/região",
    "lead_shipping_city": "city|town|город|stadt|ort|wohnort|ville|ciudad|cidade|address 1 - city|business city|localidade",
    "lead_shipping_state": "state|region|province|state/region|county|область|регион|край|bundesland|région|"
    "provincia|estado|address 1 - region|business state",
    "lead_shipping_zip": "zip|zip code|postal code|postcode|postal|индекс|почтовый индекс|plz|postleitzahl|code postal|"
    "código postal|codigo postal|cep|address 1 - postal code|business postal code",
    "lead_shipping_address_1": "address|street|street address|address 1|address line 1|адрес|улица|адрес доставки|"
    "adresse|straße|strasse|anschrift|rue|dirección|direccion|calle|endereço|rua|morada|"
    "address 1 - street|business street",
    "lead_shipping_address_2": "address 2|address line 2|apartment|suite|business street 2|adresszusatz|complément d'adresse",
    "lead_description": "notes|note|comment|comments|description|remarks|заметки|комментарий|примечание|описание|"
    "notizen|bemerkung|bemerkungen|kommentar|remarques|commentaire|notas|comentarios|comentário|observações",
    "add_tags": "tags|tag|labels|segment|segments|categories|category|groups|теги|метки|сегмент|сегменты|категория|"
    "категории|schlagwörter|kategorien|étiquettes|catégories|etiquetas|categorías|categorias|grupos",
    "add_to_lists": "lists|list|mailing list|списки|список|рассылка|listen|listes|listas|lista",
    "lead_facebook": "facebook|fb|facebook url|facebook profile",
    "lead_instagram": "instagram|ig|instagram url|insta",
    "lead_telegram": "telegram|tg|телеграм|telegram username",
    "lead_in": "linkedin|linkedin url|linkedin profile",
    "lead_vkontakte": "vk|vkontakte|вконтакте|вк",
    "lead_viber": "viber|вайбер",
    "lead_whatsapp": "whatsapp|whats app|ватсап",
}
