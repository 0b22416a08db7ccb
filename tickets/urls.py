from django.contrib.auth.views import LogoutView
from django.urls import path

from tickets.views import case_changes, cases, contacts, customers, home, outbox, sessions, topics

urlpatterns = [
    path("", home.home, name="home"),
    path("login/", sessions.Login.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("password/", sessions.PasswordChange.as_view(), name="password_change"),
    path("language/", sessions.set_language, name="set_language"),
    path("contacts/new/", contacts.contact_new, name="contact_new"),
    path("contacts/<int:pk>/", contacts.contact, name="contact"),
    path("contacts/<int:pk>/hold/", contacts.hold, name="contact_hold"),
    path("contacts/<int:pk>/resumption/", contacts.resumption, name="contact_resumption"),
    path("contacts/<int:pk>/end/", contacts.end, name="contact_end"),
    path("contacts/<int:pk>/details/", contacts.details, name="contact_details"),
    path("contacts/<int:pk>/wrap-up/", contacts.wrap_up, name="contact_wrap_up"),
    path("contacts/<int:pk>/customer/", customers.contact_customer, name="contact_customer"),
    path("contacts/<int:pk>/customers/", customers.customer_suggestions, name="customer_suggestions"),
    path("contacts/<int:pk>/topics/", topics.topic_suggestions, name="topic_suggestions"),
    path("customers/<int:pk>/", customers.customer, name="customer"),
    path("customers/<int:pk>/identities/", customers.customer_identities, name="customer_identities"),
    path("cases/", cases.cases, name="cases"),
    path("cases/<int:number>/", cases.case, name="case"),
    path("cases/<int:number>/resolution/", case_changes.resolution, name="case_resolution"),
    path("cases/<int:number>/reopening/", case_changes.reopening, name="case_reopening"),
    path("cases/<int:number>/assignment/", case_changes.assignment, name="case_assignment"),
    path("cases/<int:number>/escalation/", case_changes.escalation, name="case_escalation"),
    path("cases/<int:number>/waiting/", case_changes.waiting, name="case_waiting"),
    path("cases/<int:number>/notes/", case_changes.notes, name="case_notes"),
    path("cases/<int:number>/promises/", case_changes.promises, name="case_promises"),
    path("cases/<int:number>/promises/<int:pk>/fulfilment/", case_changes.fulfilment, name="case_fulfilment"),
    path("outbox/", outbox.outbox, name="outbox"),
    path("outbox/<int:pk>/delivery/", outbox.delivery, name="outbox_delivery"),
]
