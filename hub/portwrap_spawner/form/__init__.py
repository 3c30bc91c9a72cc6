"""The spawn page's form: what is offered, and what the user chose."""
