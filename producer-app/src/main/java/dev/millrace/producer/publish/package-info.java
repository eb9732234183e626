/// Puts accepted documents on Kafka and waits for the broker's answer.
@NullMarked
package dev.millrace.producer.publish;

import org.jspecify.annotations.NullMarked;
