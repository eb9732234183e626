/// HTTP boundary: requests in, delivery reports and problems out.
@NullMarked
package dev.millrace.producer.api;

import org.jspecify.annotations.NullMarked;
