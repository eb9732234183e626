/// Who may do what: API keys, bearer tokens and roles, and the record of who did.
@NullMarked
package dev.millrace.producer.access;

import org.jspecify.annotations.NullMarked;
