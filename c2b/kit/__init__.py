"""Tools that know nothing of the business: money, clock, ids, errors, database, mail, pages, documents."""
