using System.Net;
using System.Text;
using System.Text.Json;
using Api.Tests.Infrastructure;
using CsCheck;
using Dapper;
using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using KeycloakAccess.Explanation;
using KeycloakAccess.Permissions;
using KeycloakAccess.RulesDocument;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Api.Tests.Access;

/// <summary>A document becomes the rules of a database: all of it or nothing, and nothing that it does not change.</summary>
public abstract class ApplyingRulesTests(ApiUnderTest api) : ApiTests(api)
{
    private static readonly Actor Somebody = new(AccountId: null, "tester", Actor.CommandLine, RequestId: null);

    private AccessStore Store => Api.Services.GetRequiredService<AccessStore>();

    [Fact]
    public Task What_is_applied_is_what_is_read_and_a_second_time_it_changes_nothing() => WithAnyRulesAsync(() =>
        Gen.Select(AccessSamples.Document, AccessSamples.Document).SampleAsync(
            async (first, second) =>
            {
                await Store.ApplyAsync(first, Somebody, allowsNoSuperuser: true, seen: null, Cancel);
                var before = await Store.ReadAsync(Cancel);
                var planned = before.DiffTo(second);
                var applied = await Store.ApplyAsync(second, Somebody, allowsNoSuperuser: true, seen: before.Version, Cancel);
                var after = await Store.ReadAsync(Cancel);

                Assert.Equal(first.Text(), before.Document.Text());
                Assert.Equal(second.Text(), after.Document.Text());
                Assert.Equal(AccessText.Lines(planned), AccessText.Lines(applied.Value!));
                Assert.Equal(first.Text() == second.Text(), planned.IsEmpty);
                Assert.True((await Store.ApplyAsync(second, Somebody, allowsNoSuperuser: true, seen: null, Cancel)).Value!.IsEmpty);
                Assert.Equal(after.Version, (await Store.ReadAsync(Cancel)).Version);
                // Whoever holds the old rules in memory must know that they are old, once, and nobody else.
                Assert.Equal(before.Version + (planned.IsEmpty ? 0 : 1), after.Version);
            },
            iter: 60,
            threads: 1));

    [Fact]
    public Task What_a_preview_says_is_what_happens() => WithAnyRulesAsync(async () =>
    {
        var accounts = await AddAccountsAsync();
        await Gen.Select(AccessSamples.Document, AccessSamples.Document, Gen.Int[0, int.MaxValue]).SampleAsync(
            async (first, second, seed) =>
            {
                await Store.ApplyAsync(first, Somebody, allowsNoSuperuser: true, seen: null, Cancel);
                var state = await Store.ReadAsync(Cancel);
                await ShuffleAsync(accounts, state, new Random(seed));
                var before = await PermissionsAsync();
                var impact = Api.Services.GetRequiredService<AccessImpact>();
                var report = await impact.ComputeAsync(state.Rules, state.RulesOf(second), limit: int.MaxValue, Cancel);
                Assert.Equal(before, await PermissionsAsync());

                await Store.ApplyAsync(second, Somebody, allowsNoSuperuser: true, seen: null, Cancel);
                var after = await PermissionsAsync();

                var expected = before.Keys
                    .Select(account => (
                        account,
                        Gains: after[account].Except(before[account]).ToArray(),
                        Loses: before[account].Except(after[account]).ToArray()))
                    .Where(change => change.Gains.Length + change.Loses.Length > 0)
                    .ToArray();
                Assert.Equal(
                    (
                        before.Count,
                        expected.Length,
                        expected.Count(change => change.Gains.Length > 0),
                        expected.Count(change => change.Loses.Length > 0)),
                    (report.Total, report.Affected, report.Gaining, report.Losing));
            },
            iter: 60,
            threads: 1);
    });

    [Fact]
    public Task Groups_that_keep_their_name_keep_their_direct_members_and_only_changed_ones_their_version() => WithAnyRulesAsync(async () =>
    {
        await ApplyAsync("""
            {"groups":{"same":{"permissions":["book:view"]},"changed":{"permissions":["book:view"]},
            "led":{"permissions":[]},"gone":{"permissions":[]}}}
            """);
        var before = (await Store.ReadAsync(Cancel)).Groups.ToDictionary(group => group.Entry.Name);
        var account = (await AddAccountsAsync())[0];
        await ExecuteAsync("DELETE FROM group_members WHERE account_id = @account", new { account });
        await ExecuteAsync("INSERT INTO group_members (group_id, account_id) SELECT id, @account FROM groups", new { account });

        var diff = await ApplyAsync("""
            {"groups":{"same":{"permissions":["book:view"]},"changed":{"permissions":["book:view","book:add"]},
            "led":{"roleMappings":[{"kind":"realm-role","name":"staff"}]},"added":{}}}
            """);
        var after = (await Store.ReadAsync(Cancel)).Groups.ToDictionary(group => group.Entry.Name);

        Assert.Equal(
            [
                "+ group added", "~ group changed (1 member directly gains by it)", "    + book:add",
                "- group gone (1 member directly loses it)", "~ group led", "    + realm role staff",
            ],
            AccessText.Lines(diff));
        Assert.Equal(
            (before["same"].Id, before["same"].Version, 1), (after["same"].Id, after["same"].Version, after["same"].DirectMembers));
        Assert.Equal(
            (before["changed"].Id, before["changed"].Version + 1, 1),
            (after["changed"].Id, after["changed"].Version, after["changed"].DirectMembers));
        Assert.Equal((before["led"].Id, before["led"].Version, 1), (after["led"].Id, after["led"].Version, after["led"].DirectMembers));
        Assert.Equal((1, 0), (after["added"].Version, after["added"].DirectMembers));
    });

    [Fact]
    public Task Every_change_is_in_the_audit_log_under_the_name_of_who_made_it() => WithAnyRulesAsync(async () =>
    {
        const string log = "SELECT id, account, method, model, action, old_values, new_values FROM audit_log WHERE kind = 'change'";
        await ApplyAsync("""
            {"groups":{
            "gone":{"permissions":["book:view"],"roleMappings":[{"kind":"client-role","client":"acme-api","name":"r"}]},
            "kept":{"permissions":["book:view"]}}}
            """);
        var account = (await AddAccountsAsync())[0];
        await ExecuteAsync("DELETE FROM group_members WHERE account_id = @account", new { account });
        await ExecuteAsync(
            "INSERT INTO group_members (group_id, account_id) SELECT id, @account FROM groups WHERE name = 'gone'", new { account });
        // The log is append-only: what is there before stays, and is left out.
        var earlier = (await QueryAsync<AuditRow>(log)).Select(row => row.Id).ToHashSet();

        await ApplyAsync("""
            {"groups":{"added":{"denied":["book:add"],"roleMappings":[{"kind":"realm-role","name":"s"}]},
            "kept":{"denied":["book:view"],"isDefault":true}}}
            """);

        var rows = (await QueryAsync<AuditRow>(log)).FindAll(row => !earlier.Contains(row.Id));
        Assert.All(rows, row => Assert.Equal(("tester", "command-line"), (row.Account, row.Method)));
        // Ids of one millisecond are in no order.
        Assert.Equal(
            [
                "group add null added", "group change kept kept", "group delete gone null", "group remove-member accounts-0 null",
                "role-mapping add null s", "role-mapping delete r null",
            ],
            rows.Select(row => $"{row.Model} {row.Action} {NameIn(row.OldValues)} {NameIn(row.NewValues)}").Order(StringComparer.Ordinal));
        var change = rows.Single(row => row.Action == "change");
        Assert.Equal(
            """{"name":"kept","description":"","permissions":["book:view"],"denied":[],"isDefault":false}""" +
            """{"name":"kept","description":"","permissions":[],"denied":["book:view"],"isDefault":true}""",
            change.OldValues + change.NewValues);
    });

    [Fact]
    public Task Rules_that_have_changed_since_somebody_agreed_are_left_alone() => WithAnyRulesAsync(async () =>
    {
        var seen = await Store.ReadAsync(Cancel);
        await ApplyAsync("""{"groups":{"a":{"permissions":["book:view"]}}}""");
        var changed = await Store.ReadAsync(Cancel);

        Assert.IsType<ChangeFailure.PreconditionFailed>(
            (await Store.ApplyAsync(seen.Document, Somebody, allowsNoSuperuser: true, seen.Version, Cancel)).Failure);
        Assert.Equal(changed.Version, (await Store.ReadAsync(Cancel)).Version);
    });

    [Fact]
    public Task A_change_that_fails_in_the_middle_has_not_begun() => WithAnyRulesAsync(async () =>
    {
        await ApplyAsync("""{"groups":{"a":{"permissions":["book:view"]},"b":{}}}""");
        var before = await Store.ReadAsync(Cancel);
        // A kind that the table refuses, in the last group: no document that is read has it.
        var broken = new AccessDocument(
            [
                new GroupEntry("c", "", ["book:add"], [], isDefault: false, []),
                new GroupEntry("d", "", [], [], isDefault: false, [new("nonsense", "", "x")]),
            ]);

        await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(
            () => Store.ApplyAsync(broken, Somebody, allowsNoSuperuser: true, seen: null, Cancel));

        var after = await Store.ReadAsync(Cancel);
        Assert.Equal((before.Version, before.Document.Text()), (after.Version, after.Document.Text()));
    });

    [Fact]
    public Task A_change_that_somebody_else_has_begun_comes_first() => WithAnyRulesAsync(async () =>
    {
        await ApplyAsync("""{"groups":{"a":{"permissions":["book:view"]}}}""");
        await using var connection = await Api.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel);
        await using var transaction = await Database.BeginWriteAsync(connection, Cancel);
        await connection.ExecuteAsync(new CommandDefinition(
            "INSERT INTO groups (id, name) VALUES (@id, 'contested')",
            new { id = Guid.NewGuid() },
            transaction,
            cancellationToken: Cancel));

        const string text = """{"groups":{"contested":{"permissions":["book:view"]}}}""";
        var applying = Task.Run(() => ApplyAsync(text), Cancel);
        Assert.NotSame(applying, await Task.WhenAny(applying, Task.Delay(TimeSpan.FromMilliseconds(300), Cancel)));
        await transaction.CommitAsync(Cancel);

        Assert.Equal(["- group a", "    - book:view", "~ group contested", "    + book:view"], AccessText.Lines(await applying));
        Assert.Equal(Parse(text).Text(), (await Store.ReadAsync(Cancel)).Document.Text());
    });

    [Fact]
    public Task While_others_change_groups_nobody_ever_sees_half_a_document_and_nobody_fails() => WithAnyRulesAsync(async () =>
    {
        const string busy = "\"busy\":{\"permissions\":[\"*:*\"],\"roleMappings\":[{\"kind\":\"realm-role\",\"name\":\"superuser\"}]}";
        string[] texts =
        [
            $$$$"""
            {"groups":{ {{{{busy}}}},"a":{"permissions":["book:view"]},"c":{"permissions":["book:add"]},
            "d":{"roleMappings":[{"kind":"realm-role","name":"x"}]}}}
            """,
            $$$$"""
            {"groups":{ {{{{busy}}}},"b":{"permissions":["book:view"]},"c":{"permissions":["book:delete"]},
            "d":{"roleMappings":[{"kind":"realm-role","name":"y"}]},"contested":{"permissions":["book:view"]}}}
            """,
        ];
        await ApplyAsync(texts[0]);
        var ada = await Api.PersonAsync("ada");
        var id = (await Store.ReadAsync(Cancel)).Groups.Single(group => group.Entry.Name == "busy").Id;
        var whole = texts.Select(Parse).Select(Quiet).ToHashSet(StringComparer.Ordinal);
        using var done = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var turns = 0;

        var writers = Enumerable.Range(0, 3).Select(number => Task.Run(async () =>
        {
            for (var round = 0; !done.IsCancellationRequested; round++)
            {
                using var put = new HttpRequestMessage(HttpMethod.Put, $"/api/groups/{id}");
                put.Content = new StringContent(
                    $$"""{"name":"busy","description":"{{number}} {{round}}","permissions":["*:*"]}""", Encoding.UTF8, "application/json");
                put.Headers.TryAddWithoutValidation("If-Match", "*");
                var status = (await ada.SendAsync(put, Cancel)).StatusCode;
                Assert.True(status is HttpStatusCode.OK or HttpStatusCode.PreconditionFailed, status.ToString());
                var mapping = await ada.PostAsync(
                    "/api/role-mappings",
                    new StringContent(
                        $$"""{"kind":"realm-role","name":"w{{number}}","groupId":"{{id}}"}""", Encoding.UTF8, "application/json"),
                    Cancel);
                Assert.True(mapping.StatusCode is HttpStatusCode.Created or HttpStatusCode.Conflict, mapping.StatusCode.ToString());
                if (mapping.Headers.Location is { } location)
                {
                    var delete = await ada.DeleteAsync(location.AbsolutePath, Cancel);
                    Assert.True(delete.StatusCode is HttpStatusCode.NoContent or HttpStatusCode.NotFound, delete.StatusCode.ToString());
                }

                Interlocked.Increment(ref turns);
                // A group that every other document has too.
                var group = await ada.PostAsync(
                    "/api/groups",
                    new StringContent("""{"name":"contested","permissions":[]}""", Encoding.UTF8, "application/json"),
                    Cancel);
                Assert.True(group.StatusCode is HttpStatusCode.Created or HttpStatusCode.Conflict, group.StatusCode.ToString());
                if (group.Headers.Location is { } made)
                {
                    using var end = new HttpRequestMessage(HttpMethod.Delete, made.AbsolutePath);
                    end.Headers.TryAddWithoutValidation("If-Match", "*");
                    var ended = (await ada.SendAsync(end, Cancel)).StatusCode;
                    Assert.True(
                        ended is HttpStatusCode.NoContent or HttpStatusCode.NotFound or HttpStatusCode.PreconditionFailed,
                        ended.ToString());
                }
            }
        }, Cancel)).Append(Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                Assert.Contains(Quiet((await Store.ReadAsync(Cancel)).Document), whole);
                await Task.Delay(TimeSpan.FromMilliseconds(5), Cancel);
            }
        }, Cancel)).ToArray();
        // Until each of them has had its turns.
        for (var round = 0; Volatile.Read(ref turns) < 30 && !writers.Any(writer => writer.IsFaulted); round++)
        {
            await ApplyAsync(texts[round % 2]);
            await Task.Yield();
        }

        await done.CancelAsync();
        await Task.WhenAll(writers);
        await ApplyAsync(texts[1]);
        Assert.Equal(Parse(texts[1]).Text(), (await Store.ReadAsync(Cancel)).Document.Text());
    });

    // Without the groups that the others change.
    private static string Quiet(AccessDocument document) =>
        new AccessDocument(document.Groups.Where(group => group.Name is not ("busy" or "contested"))).Text();

    // Whatever a test applies, the next one begins with the rules that a new database has.
    private async Task WithAnyRulesAsync(Func<Task> test)
    {
        var original = (await Store.ReadAsync(Cancel)).Document;
        try
        {
            await test();
        }
        finally
        {
            await Store.ApplyAsync(original, Somebody, allowsNoSuperuser: true, seen: null, CancellationToken.None);
        }
    }

    private async Task<AccessDiff> ApplyAsync(string text) =>
        (await Store.ApplyAsync(Parse(text), Somebody, allowsNoSuperuser: true, seen: null, Cancel)).Value!;

    private static AccessDocument Parse(string text)
    {
        var document = AccessDocumentReader.Read(Encoding.UTF8.GetBytes(text), AccessSamples.Catalogue, out var mistakes);
        Assert.Empty(mistakes);
        return document!;
    }

    // More than fit on one page of the dry run would only make it slow.
    private async Task<Guid[]> AddAccountsAsync()
    {
        var issuer = Api.Services.GetRequiredService<IOptions<KeycloakOptions>>().Value.Issuer;
        var ids = Enumerable.Range(0, 8).Select(number => new Guid(number, 0, 0, new byte[8])).ToArray();
        foreach (var (number, id) in ids.Index())
        {
            await ExecuteAsync(
                """
                INSERT INTO accounts (id, issuer, subject, kind, username, enabled, created_at, last_seen_at, roles_hash)
                VALUES (@id, @issuer, @subject, @kind, @username, @enabled, @now, @now, 'x')
                ON CONFLICT (issuer, subject) DO NOTHING
                """,
                new
                {
                    id,
                    issuer,
                    subject = id.ToString(),
                    kind = number % 2 == 0 ? "person" : "service",
                    username = $"accounts-{number}",
                    enabled = number != 7,
                    now = DateTimeOffset.UnixEpoch,
                });
        }

        foreach (var role in Roles())
        {
            await ExecuteAsync(
                "INSERT INTO observed_roles (kind, client, name, first_observed_at) VALUES (@kind, @Client, @Name, @now) "
                    + "ON CONFLICT DO NOTHING",
                new { kind = RoleKinds.Write(role.Kind), role.Client, role.Name, now = DateTimeOffset.UnixEpoch });
        }

        return ids;
    }

    private static IEnumerable<KeycloakRole> Roles() =>
    [
        .. AccessSamples.RoleNames.Select(name => new KeycloakRole(RoleKind.RealmRole, "", name)),
        .. AccessSamples.RoleNames.SelectMany(name =>
            AccessSamples.Clients.Select(client => new KeycloakRole(RoleKind.ClientRole, client, name))),
        .. AccessSamples.GroupPaths.Select(path => new KeycloakRole(RoleKind.KeycloakGroup, "", path)),
    ];

    private async Task ShuffleAsync(Guid[] accounts, AccessState state, Random random)
    {
        foreach (var account in accounts)
        {
            await ExecuteAsync("DELETE FROM account_roles WHERE account_id = @account", new { account });
            await ExecuteAsync("DELETE FROM group_members WHERE account_id = @account", new { account });
            foreach (var role in Roles().Where(_ => random.Next(4) == 0))
            {
                await ExecuteAsync(
                    "INSERT INTO account_roles (account_id, role_id) SELECT @account, id FROM observed_roles WHERE kind = @kind "
                        + "AND client = @Client AND name = @Name",
                    new { account, kind = RoleKinds.Write(role.Kind), role.Client, role.Name });
            }

            foreach (var group in state.Groups.Where(_ => random.Next(4) == 0))
            {
                await ExecuteAsync("INSERT INTO group_members (group_id, account_id) VALUES (@Id, @account)", new { group.Id, account });
            }
        }
    }

    // As a call would be decided: by the rules that the service itself reads.
    private async Task<Dictionary<Guid, Permission[]>> PermissionsAsync()
    {
        var catalogue = Api.Services.GetRequiredService<PermissionCatalogue>();
        var rules = await Api.Services.GetRequiredService<AccessRulesCache>().CurrentAsync(Cancel);
        var (subjects, _) = await Api.Services.GetRequiredService<SubjectStore>()
            .ListAsync(new SubjectQuery(rules), 1000, after: null, Cancel);
        return subjects.ToDictionary(
            subject => subject.AccountId,
            subject =>
                catalogue.Permissions.Where(permission =>
                    Decision.Evaluate(subject.Under(rules), new AccessRequirement(permission), catalogue).IsAllowed).ToArray());
    }

    private async Task ExecuteAsync(string sql, object values)
    {
        await using var connection = await Api.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel);
        await connection.ExecuteAsync(new CommandDefinition(sql, values, cancellationToken: Cancel));
    }

    private async Task<List<T>> QueryAsync<T>(string sql)
    {
        await using var connection = await Api.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel);
        return (await connection.QueryAsync<T>(new CommandDefinition(sql, cancellationToken: Cancel))).AsList();
    }

    private static string NameIn(string? values)
    {
        if (values is null)
        {
            return "null";
        }

        var json = JsonElement.Parse(values);
        return (json.TryGetProperty("name", out var name) ? name : json.GetProperty("username")).GetString()!;
    }

    private sealed record AuditRow
    {
        public required Guid Id { get; init; }

        public required string Account { get; init; }

        public required string Method { get; init; }

        public required string Model { get; init; }

        public required string Action { get; init; }

        public string? OldValues { get; init; }

        public string? NewValues { get; init; }
    }
}

public sealed class ApplyingRulesOnSqliteTests(ApiOnEmbeddedRealm api) : ApplyingRulesTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class ApplyingRulesOnPostgreSqlTests(ApiOnPostgreSql api) : ApplyingRulesTests(api), IClassFixture<ApiOnPostgreSql>;
