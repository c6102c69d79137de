/* accept.c — filters on fields, as plans: tuples that say what the filters compare.
 *
 *   ("in", field, values)        the field's value is one of the list
 *   ("changes", field, seen)     it is another than seen.value, which is set to it
 *   ("not", plan)  ("and", plan, plan)  ("or", plan, plan)
 *
 * Fields are given as positions in the layout. */
#include "events.h"

PyObject *
pk_value(pk_field field, const pk_site *site, const pk_measured *measured)
{
    if (pk_field_is_of_site(field))
        return Py_NewRef(site->values[field]);
    if (field == PK_THREAD_NAME)
        return Py_NewRef(measured->thread_name);
    if (field == PK_THREAD_ID)
        return PyLong_FromUnsignedLongLong((uint64_t)measured->numbers[field]);
    return PyLong_FromLongLong(measured->numbers[field]);
}

/* Whether a plan is of a kind. */
static bool
is(PyObject *plan, const char *kind)
{
    return PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(plan, 0), kind) == 0;
}

/* The field that a plan names by its number. */
static pk_field
field_in(PyObject *plan)
{
    return (pk_field)PyLong_AsLong(PyTuple_GET_ITEM(plan, 1));
}

int
pk_accept_check(PyObject *plan, const pk_layout *layout)
{
    Py_ssize_t size = PyTuple_Check(plan) ? PyTuple_GET_SIZE(plan) : 0;
    if (size < 2 || size > 3 || !PyUnicode_Check(PyTuple_GET_ITEM(plan, 0)))
        goto wrong;
    if (is(plan, "in") || is(plan, "changes")) {
        PyObject *number = PyTuple_GET_ITEM(plan, 1);
        long field = PyLong_Check(number) ? PyLong_AsLong(number) : -1;
        bool found = false;
        for (unsigned i = 0; i < layout->count; i++)
            found |= (long)layout->fields[i] == field;
        if (!found || size != 3 || (is(plan, "in") && !PyList_Check(PyTuple_GET_ITEM(plan, 2))))
            goto wrong;
        return 0;
    }
    if (!(is(plan, "not") ? size == 2 : size == 3 && (is(plan, "and") || is(plan, "or"))))
        goto wrong;
    for (Py_ssize_t i = 1; i < size; i++)
        if (pk_accept_check(PyTuple_GET_ITEM(plan, i), layout) < 0)
            return -1;
    return 0;
wrong:
    if (!PyErr_Occurred())
        PyErr_Format(PyExc_ValueError, "%R is no plan of a filter on the fields", plan);
    return -1;
}

/* Whether value is another than seen.value, which is set to it.  1, 0, or −1. */
static int
changes(PyObject *seen, PyObject *value)
{
    PyObject *before = PyObject_GetAttrString(seen, "value");
    if (before == NULL) {
        if (!PyErr_ExceptionMatches(PyExc_AttributeError))
            return -1;
        PyErr_Clear();
    } else {
        int same = PyObject_RichCompareBool(before, value, Py_EQ);
        Py_DECREF(before);
        if (same != 0)
            return same < 0 ? -1 : 0;
    }
    return PyObject_SetAttrString(seen, "value", value) < 0 ? -1 : 1;
}

int
pk_accepts(PyObject *plan, const pk_site *site, const pk_measured *measured)
{
    if (is(plan, "not")) {
        int accepted = pk_accepts(PyTuple_GET_ITEM(plan, 1), site, measured);
        return accepted < 0 ? -1 : !accepted;
    }
    if (is(plan, "and") || is(plan, "or")) {
        int accepted = pk_accepts(PyTuple_GET_ITEM(plan, 1), site, measured);
        if (accepted < 0 || accepted == is(plan, "or"))
            return accepted;
        return pk_accepts(PyTuple_GET_ITEM(plan, 2), site, measured);
    }
    PyObject *value = pk_value(field_in(plan), site, measured);
    if (value == NULL)
        return -1;
    PyObject *operand = PyTuple_GET_ITEM(plan, 2);
    int accepted = is(plan, "in") ? PySequence_Contains(operand, value) : changes(operand, value);
    Py_DECREF(value);
    return accepted;
}
