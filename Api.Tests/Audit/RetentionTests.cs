using Api.Tests.Infrastructure;
using KeycloakAccess;
using KeycloakAccess.Audit;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Api.Tests.Audit;

/// <summary>Rows go by age alone, at start and every hour, and never sooner than the setting says.</summary>
public abstract class RetentionTests
{
    private protected abstract DatabaseEngine Engine { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_too_old_goes_at_start_and_then_every_hour()
    {
        await using var log = await AuditedDatabase.CreateAsync(Engine);
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var now = clock.GetUtcNow();
        await log.AddAsync(now.AddDays(-31));
        // Too old in half an hour, and in a day.
        await log.AddAsync(now.AddDays(-30).AddMinutes(30));
        var last = await log.AddAsync(now.AddDays(-29));
        var lines = new LogLines();
        using var retention = Retention(log, TimeSpan.FromDays(30), clock, lines);

        await retention.StartAsync(Cancel);
        await WaitAsync(log, 2);
        await Task.Delay(100, Cancel);
        clock.Advance(TimeSpan.FromMinutes(59));
        await Task.Delay(200, Cancel);
        Assert.Equal(2, (await log.ReadAsync()).Count);
        clock.Advance(TimeSpan.FromMinutes(1));
        await WaitAsync(log, 1);
        await retention.StopAsync(Cancel);

        Assert.Equal([last], (await log.ReadAsync()).Select(row => row.Id));
        Assert.Contains("Deleted 1 rows of the audit log that were older than 30 days", lines.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_go_in_batches_and_several_instances_share_the_work()
    {
        await using var log = await AuditedDatabase.CreateAsync(Engine);
        await log.AddAsync((2 * AuditRetention.Batch) + 500, DateTimeOffset.UtcNow.AddDays(-400));
        var kept = await log.AddAsync(DateTimeOffset.UtcNow.AddDays(-364));

        var deleted = await Task.WhenAll(
            Enumerable.Range(0, 4).Select(_ => Task.Run(() => Retention(log, TimeSpan.FromDays(365)).DeleteAsync(Cancel))));

        Assert.Equal((2 * AuditRetention.Batch) + 500, deleted.Sum());
        Assert.Equal([kept], (await log.ReadAsync()).Select(row => row.Id));
    }

    [Fact]
    public async Task Instances_of_different_settings_do_not_trip_over_each_other()
    {
        await using var log = await AuditedDatabase.CreateAsync(Engine);
        await log.AddAsync(1500, DateTimeOffset.UtcNow.AddDays(-40));

        await Task.WhenAll(
            Task.Run(() => Retention(log, TimeSpan.FromDays(365)).DeleteAsync(Cancel)),
            Task.Run(() => Retention(log, TimeSpan.FromDays(30)).DeleteAsync(Cancel)),
            Task.Run(() => Retention(log, TimeSpan.Zero).DeleteAsync(Cancel)));

        Assert.Empty(await log.ReadAsync());
    }

    [Fact]
    public async Task Zero_keeps_for_ever()
    {
        await using var log = await AuditedDatabase.CreateAsync(Engine);
        await log.AddAsync(DateTimeOffset.UtcNow.AddYears(-50));

        Assert.Equal(0, await Retention(log, TimeSpan.Zero).DeleteAsync(Cancel));
        Assert.Single(await log.ReadAsync());
    }

    [Fact]
    public async Task A_clock_that_is_a_week_ahead_deletes_nothing_that_the_database_keeps()
    {
        await using var log = await AuditedDatabase.CreateAsync(Engine);
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow.AddDays(8));
        await log.AddAsync(DateTimeOffset.UtcNow);
        var lines = new LogLines();
        using var retention = Retention(log, TimeSpan.FromDays(7), clock, lines);

        await retention.StartAsync(Cancel);
        for (var i = 0; i < 50 && lines.Text.Length == 0; i++)
        {
            await Task.Delay(100, Cancel);
        }

        await retention.StopAsync(Cancel);
        Assert.Contains("could not be deleted", lines.Text, StringComparison.Ordinal);
        Assert.Single(await log.ReadAsync());
    }

    private static AuditRetention Retention(AuditedDatabase log, TimeSpan keepFor, TimeProvider? clock = null, LogLines? lines = null) =>
        new(
            log.Database,
            Options.Create(new AuditOptions { KeepFor = keepFor }),
            clock ?? TimeProvider.System,
            (lines ?? new LogLines()).For<AuditRetention>());

    private static async Task WaitAsync(AuditedDatabase log, int count)
    {
        for (var i = 0; i < 100 && (await log.ReadAsync()).Count > count; i++)
        {
            await Task.Delay(50, Cancel);
        }

        Assert.Equal(count, (await log.ReadAsync()).Count);
    }
}

/// <summary>The setting that says how long the log is kept.</summary>
public sealed class RetentionSettingTests
{
    [Theory]
    [InlineData(null, 365)]
    [InlineData("0", 0)]
    [InlineData("7", 7)]
    [InlineData("90", 90)]
    [InlineData("30.00:00:00", 30)]
    [InlineData("36500", 36_500)]
    public void It_is_in_days(string? text, int days) => Assert.Equal(TimeSpan.FromDays(days), Read(("Audit:KeepFor", text)).KeepFor);

    [Theory]
    [InlineData("6")]
    [InlineData("-1")]
    [InlineData("01:00:00")]
    [InlineData("36501")]
    public void Another_is_refused_with_the_range(string text)
    {
        var refused = Assert.Throws<OptionsValidationException>(() => Read(("Audit:KeepFor", text)));

        Assert.Contains("Audit:KeepFor must be from 7 days to 36500 days", Assert.Single(refused.Failures), StringComparison.Ordinal);
        Assert.Contains("Audit:KeepFor", StartError.Explain(refused), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Audit:KeepFor", "a year")]
    [InlineData("Audit:KeepsFor", "90")]
    public void What_cannot_be_read_is_explained(string key, string value)
    {
        var refused = Assert.Throws<OptionsValidationException>(() => Read((key, value)));

        Assert.Contains(key.Split(':')[1], StartError.Explain(refused), StringComparison.Ordinal);
    }

    private static AuditOptions Read(params (string Key, string? Value)[] settings)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder()
            .AddInMemoryCollection(
                settings.Where(setting => setting.Value is not null)
                    .ToDictionary(setting => setting.Key, setting => setting.Value, StringComparer.Ordinal))
            .Build());
        services.AddAudit();
        using var provider = services.BuildServiceProvider();
        provider.CheckSettings();
        return provider.GetRequiredService<IOptions<AuditOptions>>().Value;
    }
}

public sealed class RetentionOnSqliteTests : RetentionTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.Sqlite;
}

public sealed class RetentionOnPostgreSqlTests : RetentionTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.PostgreSql;
}
