import Studies
import Testing

struct StatisticsTests {
    @Test func describesASample() throws {
        let sample = try #require(Sample([2, 4, 4, 4, 5, 5, 7, 9]))
        #expect(sample.count == 8 && sample.mean == 5)
        #expect(try abs(#require(sample.standardDeviation) - 2.138089935) < 1e-9)
        // scipy.stats.t.interval(0.95, 7, 5, sem): 3.2125 to 6.7875.
        #expect(try abs(#require(sample.confidenceHalfWidth) - 1.7875) < 1e-3)
    }

    @Test func oneMeasurementHasNoSpread() throws {
        let sample = try #require(Sample([0.5]))
        #expect(sample.mean == 0.5 && sample.standardDeviation == nil && sample.confidenceHalfWidth == nil)
        #expect(Sample([]) == nil)
    }

    /// Values of scipy.stats.t.ppf(0.975, n).
    @Test(arguments: [(1, 12.7062), (2, 4.3027), (9, 2.2622), (30, 2.0423), (31, 2.0395), (40, 2.0211), (60, 2.0003), (120, 1.9799)])
    func studentQuantiles(degrees: Int, quantile: Double) {
        #expect(abs(studentQuantile95(degreesOfFreedom: degrees) - quantile) < 6e-4)
    }

    @Test func quantilesFallTowardsTheNormalDistributions() {
        for degrees in 1..<500 {
            #expect(studentQuantile95(degreesOfFreedom: degrees) > studentQuantile95(degreesOfFreedom: degrees + 1))
        }
        #expect(abs(studentQuantile95(degreesOfFreedom: 1_000_000) - 1.959964) < 1e-5)
    }

    @Test func standardErrorOfADifference() {
        #expect(abs(standardErrorOfDifference(0.9673, 0.9577, count: 2_000) - 0.006004) < 1e-5)
        #expect(standardErrorOfDifference(1, 1, count: 10) == 0)
    }

    @Test(arguments: [
        (0, "0"), (999, "999"), (1_000, "1,000"), (32_618, "32,618"), (-1_234_567, "-1,234,567"), (.min, "-9,223,372,036,854,775,808"),
    ])
    func groupsThousands(value: Int, text: String) {
        #expect(grouped(value) == text)
    }
}
