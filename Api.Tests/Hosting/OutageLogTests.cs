using Api.Tests.Infrastructure;
using KeycloakAccess.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace Api.Tests.Hosting;

/// <summary>However many requests an outage turns away, it is a line a second in the log, and one at its end.</summary>
public sealed class OutageLogTests
{
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.Parse("2026-05-01T10:00:00Z", null));

    [Fact]
    public void An_outage_is_a_line_a_second_and_one_at_its_end()
    {
        using var lines = new LogLines();
        using var log = new OutageLog(_clock, lines.For<OutageLog>());
        for (var second = 0; second < 3; second++)
        {
            for (var i = 0; i < 1000; i++)
            {
                log.Add($"no answer\r\nof {second}");
            }

            _clock.Advance(OutageLog.Every);
        }

        Assert.Equal(
            [
                "Error: Answered with 503 since 2026-05-01T10:00:00.0000000+00:00: 1. The last one, because no answer of 0",
                "Error: Answered with 503 since 2026-05-01T10:00:00.0000000+00:00: 1000. The last one, because no answer of 0",
                "Error: Answered with 503 since 2026-05-01T10:00:00.0000000+00:00: 2000. The last one, because no answer of 1",
                "Error: Answered with 503 since 2026-05-01T10:00:00.0000000+00:00: 3000. The last one, because no answer of 2",
            ],
            Lines(lines));

        _clock.Advance(OutageLog.OverAfter);
        Assert.Equal(
            "Information: Nothing more is answered with 503: 3000 were, "
            + "from 2026-05-01T10:00:00.0000000+00:00 to 2026-05-01T10:00:02.0000000+00:00",
            Lines(lines)[4]);
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(5, Lines(lines).Length);

        log.Add("again");
        Assert.Equal("Error: Answered with 503 since 2026-05-01T11:00:13.0000000+00:00: 1. The last one, because again", Lines(lines)[5]);
    }

    private static string[] Lines(LogLines lines) => [.. lines.Text.Split('\n').Select(line => line.Trim())];
}
