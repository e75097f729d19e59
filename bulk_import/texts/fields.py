"""What fields are called where people read: shorter than in the catalogue of fields."""

from __future__ import annotations

from collections.abc import Mapping

FIELD_NAMES: Mapping[str, str] = {
    "add_to_lists": "Put on lists",
    "remove_from_lists": "Take off lists",
    "add_tags": "Add tags",
    "remove_tags": "Remove tags",
    "lead_email": "E-mail",
    "full_name": "Whole name",
    "lead_first_name": "First name",
    "lead_middle_name": "Middle name",
    "lead_last_name": "Last name",
    "lead_phone": "Phone",
    "lead_utc": "Time zone",
    "lead_description": "Notes",
    "lead_personal_manager": "Personal manager",
    "lead_shipping_address_1": "Street",
    "lead_shipping_address_2": "Second line of the address",
    "lead_shipping_city": "City",
    "lead_shipping_zip": "Postal code",
    "lead_shipping_country_code": "Country",
    "lead_shipping_state": "State or region",
    "lead_billing_address_1": "Billing: street",
    "lead_billing_address_2": "Billing: second line of the address",
    "lead_billing_city": "Billing: city",
    "lead_billing_zip": "Billing: postal code",
    "lead_billing_country_code": "Billing: country",
    "lead_billing_state": "Billing: state or region",
    "lead_facebook": "Facebook",
    "lead_instagram": "Instagram",
    "lead_whatsapp": "WhatsApp",
    "lead_telegram": "Telegram",
    "lead_viber": "Viber",
    "lead_vkontakte": "VK",
    "lead_in": "LinkedIn",
}
