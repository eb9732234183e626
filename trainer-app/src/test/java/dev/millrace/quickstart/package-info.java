/// One command that shows the whole way: documents through a broker into a trained model.
@NullMarked
package dev.millrace.quickstart;

import org.jspecify.annotations.NullMarked;
