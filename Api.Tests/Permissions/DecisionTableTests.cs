using KeycloakAccess.Permissions;

namespace Api.Tests.Permissions;

/// <summary>The truth table of the decision, from what Keycloak says to the answer.</summary>
public sealed class DecisionTableTests
{
    public static TheoryData<int, string> Rows()
    {
        var rows = new TheoryData<int, string>();
        foreach (var (line, columns) in DecisionTable.Read())
        {
            rows.Add(line, string.Join(" | ", columns));
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void The_table_holds(int line, string row)
    {
        var columns = row.Split('|', StringSplitOptions.TrimEntries);
        var situation = SituationOf(columns);

        var decision = situation.Decide();
        var answer = $"{decision.Reason} {decision.Scope}".TrimEnd();
        var memberships = string.Join(' ', situation.Access.Memberships.Select(Notation.Write).Order(StringComparer.Ordinal));

        Assert.True(columns[7] == answer, $"Line {line} says {columns[7]}, the decision is {answer}: {row}");
        Assert.True(columns[8] == memberships, $"Line {line} says {columns[8]}, the memberships are {memberships}: {row}");
        Assert.Equal(answer == nameof(DecisionReason.Allowed), decision.IsAllowed);
        Assert.Equal(situation.Requirement.Permission ?? default, decision.Permission);
        Agreement.Check(situation);
    }

    [Fact]
    public void The_table_has_every_reason_that_a_decision_can_have()
    {
        // Whether somebody is known, and what a row-level rule hides, is for those who ask to add.
        var asked = Enum.GetValues<DecisionReason>()
            .Except([DecisionReason.SubjectUnknown, DecisionReason.RowHidden])
            .Select(reason => reason.ToString());

        var rows = DecisionTable.Read().Select(row => row.Columns[7].Split(' ')[0]).ToList();

        Assert.Equal(asked.Order(StringComparer.Ordinal), rows.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        Assert.InRange(rows.Count, 150, int.MaxValue);
    }

    private static Situation SituationOf(string[] columns)
    {
        var (kind, isEnabled) = Notation.Who(columns[0]);
        var requirement = Notation.Words(columns[6]);
        return new Situation
        {
            Kind = kind,
            IsEnabled = isEnabled,
            Roles = [.. Notation.Words(columns[1]).Select(Notation.Role)],
            Mappings = [.. Notation.Words(columns[2]).Select(Notation.Mapping)],
            Groups =
            [
                .. columns[3]
                    .Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                    .Select(Notation.Group),
            ],
            Direct = [.. Notation.Words(columns[4]).Select(Notation.Id)],
            Scopes = columns[5] == "session" ? null : Notation.Words(columns[5]).ToHashSet(StringComparer.Ordinal),
            Requirement = Notation.Requirement(columns[6]),
            ApiRequiresScopes = requirement.Contains("api-requires"),
            ModelsRequireScopes = requirement
                .FirstOrDefault(word => word.StartsWith("requires-for=", StringComparison.Ordinal))?["requires-for=".Length..]
                .Split('+') ?? [],
        };
    }
}
