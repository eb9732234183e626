/// What a document is, and which documents we take.
@NullMarked
package dev.millrace.producer.document;

import org.jspecify.annotations.NullMarked;
