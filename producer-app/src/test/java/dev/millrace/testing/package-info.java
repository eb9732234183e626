/// Test support for both apps: a real Kafka cluster without containers, in this process or in its own.
@NullMarked
package dev.millrace.testing;

import org.jspecify.annotations.NullMarked;
