// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
import java.util.ArrayList;
import java.util.List;

/**
 * Makes garbage for some seconds once a line comes in, then collects by call. What the
 * collector did is in the log that the command line asks for.
 */
public class Collect {
	public static void main(String[] args) throws Exception {
		System.out.println("ready");
		if (args.length == 0)
			System.in.read();
		long end = System.nanoTime() + 2_000_000_000L;
		List<byte[]> kept = new ArrayList<>();
		while (System.nanoTime() < end) {
			for (int i = 0; i < 200; i++) {
				byte[] b = new byte[10000];
				if (i % 10 == 0)
					kept.add(b);
			}
			if (kept.size() > 3000)
				kept.clear();
			Thread.sleep(1);
		}
		System.gc();
		System.out.println("done");
	}
}
